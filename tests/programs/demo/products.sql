-- The shop's one table: descriptions of some forty words each, and no index that could find one of them.
CREATE EXTENSION pg_trgm;
CREATE TABLE products (id int PRIMARY KEY, name text, description text, price numeric(8, 2), rating real);
INSERT INTO products
SELECT id, 'product ' || id,
       (SELECT string_agg(substr(md5((id * 40 + word)::text), 1, 3 + word % 6) ||
                          CASE WHEN random() < 0.0005 THEN ' wireless' ELSE '' END, ' ')
        FROM generate_series(1, 40) AS word),
       round((random() * 500)::numeric, 2), random()
FROM generate_series(1, 40000) AS id;
ANALYZE products;
