-- One action in the shop; pgbench repeats it over and over.
--
-- About 300 orders are open: with fewer, more are placed than leave; with more, more leave than are placed. So there is
-- as much to see after hours as in the first minute.
\set customer random(1, 200)
\set what random(1, 10)
select count(*) as open from orders where status = 'open'
\gset
\if :what <= 4 or (:what = 9 and :open < 300)
-- Somebody orders two to five things, in one transaction.
with placed as (insert into orders (customer_id) values (:customer) returning id),
     chosen as (select id, price from product order by random() limit 2 + floor(random() * 4)::int)
insert into line select placed.id, chosen.id, 1 + floor(random() * 4), chosen.price from placed, chosen;
\elif :what <= 8
-- The oldest open order is shipped.
update orders set status = 'shipped'
where id = (select id from orders where status = 'open' order by id limit 1 for update skip locked);
\elif :what = 9
-- An open order is cancelled together with its lines.
delete from orders
where id = (select id from orders where status = 'open' order by random() limit 1 for update skip locked);
\else
-- A customer gets another name, which all of the customer's open orders show.
update customer set name = 'Customer ' || :customer || ' ' || chr(65 + floor(random() * 26)::int) where id = :customer;
\endif
