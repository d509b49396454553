INSERT INTO orders VALUES (2, 'Ben', 'open');
UPDATE orders SET state = 'shipped' WHERE id = 1;
BEGIN;
INSERT INTO orders VALUES (3, 'Eve', 'open');
ROLLBACK;
DELETE FROM orders WHERE id = 2;
