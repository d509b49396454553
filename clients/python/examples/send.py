from livewell_client import Client

livewell = Client("http://127.0.0.1:7171")
orders = [
    {"id": "o1", "customer": "c42", "total": 250},
    {"id": "o2", "customer": "c43", "total": 9_007_199_254_740_993},
]
receipt = livewell.ingest("orders", orders, idempotency_key="import 7")
results = livewell.results("big-orders", position=receipt.position)
for row in results.rows:
    print(row.data["id"], row.data["total"])
