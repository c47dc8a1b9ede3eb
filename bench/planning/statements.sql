--- two_tables
SELECT o.order_id, i.price FROM orders o JOIN items i USING (tenant_id, order_id) WHERE o.status = 1
--- colocated
SELECT t.name, c.name, o.placed, i.price, p.title
FROM tenants t JOIN customers c USING (tenant_id) JOIN orders o USING (tenant_id, customer_id)
	JOIN items i USING (tenant_id, order_id) JOIN products p USING (tenant_id, product_id)
WHERE o.status = 1 AND i.price > 10
--- colocated_grouped
SELECT c.name, count(*), sum(i.price)
FROM tenants t JOIN customers c USING (tenant_id) JOIN orders o USING (tenant_id, customer_id)
	JOIN items i USING (tenant_id, order_id) JOIN products p USING (tenant_id, product_id)
WHERE o.status = 1 GROUP BY c.name HAVING count(*) > 1 ORDER BY sum(i.price) DESC LIMIT 10
--- colocated_outer
SELECT t.name, count(i.line), max(p.title)
FROM tenants t LEFT JOIN customers c USING (tenant_id) LEFT JOIN orders o USING (tenant_id, customer_id)
	LEFT JOIN items i USING (tenant_id, order_id) LEFT JOIN products p USING (tenant_id, product_id)
GROUP BY t.tenant_id, t.name
--- one_tenant
SELECT t.name, c.name, o.placed, i.price, p.title
FROM tenants t JOIN customers c USING (tenant_id) JOIN orders o USING (tenant_id, customer_id)
	JOIN items i USING (tenant_id, order_id) JOIN products p USING (tenant_id, product_id)
WHERE t.tenant_id = {turn}
--- reference
SELECT y.name, s.name, count(*), sum(i.price)
FROM tenants t JOIN orders o USING (tenant_id) JOIN items i USING (tenant_id, order_id)
	JOIN countries y USING (country_id) JOIN statuses s USING (status)
GROUP BY y.name, s.name ORDER BY 1, 2
--- other_keys
SELECT m.name, count(*), sum(i.price)
FROM tenants t JOIN orders o USING (tenant_id) JOIN items i USING (tenant_id, order_id)
	JOIN parts p ON p.part_id = i.product_id JOIN makers m USING (maker_id)
GROUP BY m.name ORDER BY 1
--- no_keys
SELECT count(*)
FROM tenants t JOIN customers c ON c.customer_id = t.country_id JOIN parts p ON p.maker_id = c.customer_id
	JOIN orders o ON o.order_id = p.part_id JOIN makers m ON m.maker_id = o.customer_id
--- correlated
SELECT m.name, p.title
FROM parts p JOIN makers m USING (maker_id)
WHERE p.part_id > (SELECT avg(q.part_id) FROM parts q WHERE q.maker_id = p.maker_id) AND m.name < 'maker 9'
--- correlated_items
SELECT p.title, sum(i.price)
FROM parts p JOIN items i ON i.product_id = p.part_id JOIN tenants t USING (tenant_id)
WHERE t.country_id = 3 AND i.price < (SELECT 2 * avg(j.price) FROM items j WHERE j.product_id = p.part_id)
GROUP BY p.title
