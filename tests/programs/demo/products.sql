-- The shop's table: 200,000 products with descriptions of eighty words each, and no index that could find one of them.
CREATE TABLE products (id int PRIMARY KEY, name text, description text, price numeric(8, 2), rating real);
CREATE TEMPORARY TABLE words AS
SELECT array_agg(substr(md5(number::text), 1, 3 + number % 6)) AS words FROM generate_series(1, 300) AS number;
CREATE TEMPORARY TABLE texts AS
SELECT shape, (SELECT string_agg(words[1 + (shape * 31 + place % 10 * 7) % 300], ' ')
               FROM words, generate_series(1, 80) AS place) AS text
FROM generate_series(0, 299) AS shape;
INSERT INTO products
SELECT id, 'product ' || id, text || CASE WHEN id % 5000 = 17 THEN ' wireless' ELSE '' END,
       round((id * 7919 % 50000 / 100.0)::numeric, 2), id % 50 / 10.0
FROM generate_series(1, 200000) AS id JOIN texts ON shape = id % 300 ORDER BY id;
VACUUM ANALYZE products;
