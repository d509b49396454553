CREATE TABLE orders (id integer PRIMARY KEY, customer text NOT NULL, state text NOT NULL);
INSERT INTO orders VALUES (1, 'Ada', 'open');
