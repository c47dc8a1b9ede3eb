-- A few rows: what planning costs follows from the statement, not from them.
INSERT INTO tenants SELECT i, i % 20, 'tenant ' || i FROM generate_series(1, 200) i;
INSERT INTO customers SELECT t, i, 'customer ' || i FROM generate_series(1, 200) t, generate_series(1, 10) i;
INSERT INTO products SELECT t, i, 'product ' || i FROM generate_series(1, 200) t, generate_series(1, 10) i;
INSERT INTO orders SELECT t, i, i % 10 + 1, i % 5, date '2026-01-01' + i FROM generate_series(1, 200) t, generate_series(1, 25) i;
INSERT INTO items SELECT t, i, l, (i + l) % 10 + 1, 10 * l FROM generate_series(1, 200) t, generate_series(1, 25) i, generate_series(1, 2) l;
INSERT INTO countries SELECT i, 'country ' || i FROM generate_series(0, 19) i;
INSERT INTO statuses SELECT i, 'status ' || i FROM generate_series(0, 4) i;
INSERT INTO parts SELECT i, i % 100, 'part ' || i FROM generate_series(1, 1000) i;
INSERT INTO makers SELECT i, 'maker ' || i FROM generate_series(0, 99) i;
ANALYZE tenants, customers, products, orders, items, countries, statuses, parts, makers;
