SELECT 'running';
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000000000)
SELECT count(*), sum(length(hex(randomblob(10)))), max(printf('%d', x)) FROM n GROUP BY x % 17 ORDER BY 2;
