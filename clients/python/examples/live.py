from livewell_client import Client

livewell = Client("http://127.0.0.1:7171")
with livewell.live("orders-of", for_each={"customer": "c42"}) as orders:
    orders.ready()
    print(orders.status, [order["id"] for order in orders.rows.values()])
    orders.wait(lambda: len(orders.rows) == 2)
    print(orders.status, [order["id"] for order in orders.rows.values()])
