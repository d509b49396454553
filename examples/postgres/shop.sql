-- A shop: who buys, what there is to buy, and what was ordered. Amounts are in cents.

create table customer (
    id int primary key,
    name text not null,
    region text not null
);
create table product (
    id int primary key,
    name text not null,
    price int not null
);
create table orders (
    id bigserial primary key,
    customer_id int not null references customer,
    status text not null default 'open',
    placed_at timestamptz not null default now()
);
create table line (
    order_id bigint not null references orders on delete cascade,
    product_id int not null references product,
    quantity int not null,
    price int not null,
    primary key (order_id, product_id)
);
create index on orders (status, id);

insert into customer
select id, 'Customer ' || id, (array['north', 'east', 'south', 'west'])[1 + id % 4] from generate_series(1, 200) id;
insert into product select id, 'Product ' || id, 150 + id * 37 from generate_series(1, 100) id;
insert into orders (customer_id, status)
select 1 + n % 200, case when n % 10 = 0 then 'open' else 'shipped' end from generate_series(1, 3000) n;
insert into line
select o.id, 1 + (o.id * 7 + n * 13) % 100, 1 + (o.id + n) % 4, 150 + (1 + (o.id * 7 + n * 13) % 100) * 37
from orders o, generate_series(1, 3) n;

-- The rows that the standing query `open-by-customer` keeps in the table `open_by_customer`, as an ordinary query.
create view open_by_customer_asked as
select c.id as customer, c.name, count(distinct o.id) as orders, sum(l.quantity * l.price) as cents
from customer c join orders o on o.customer_id = c.id join line l on l.order_id = o.id
where o.status = 'open'
group by c.id, c.name;
