-- Parameters, functions that only this server may evaluate, generic plans.
SET search_path = router;

PREPARE by_key(int) AS SELECT k, cust FROM orders WHERE k = $1;
EXECUTE by_key(1);
EXECUTE by_key(2);
EXECUTE by_key(3);
EXECUTE by_key(4);
EXECUTE by_key(5);
EXECUTE by_key(6);
EXECUTE by_key(7);
EXECUTE by_key(NULL);
SELECT plan_of('EXECUTE by_key(7)');
SELECT generic_plans > 0 AS generic FROM pg_prepared_statements WHERE name = 'by_key';

PREPARE wide(bigint) AS SELECT count(*) FROM orders WHERE k = $1;
EXECUTE wide(7);
EXECUTE wide(7000000000);
EXECUTE wide(NULL);
PREPARE two(int, int) AS SELECT o.k, i.line FROM orders o JOIN items i ON i.k = o.k AND i.k = $2 WHERE o.k = $1 ORDER BY 2;
EXECUTE two(5, 5);
EXECUTE two(5, 6);
PREPARE paint(int, color, text) AS UPDATE orders SET c = $2, note = $3 || $2::text WHERE k = $1 RETURNING k, c, note, $2 AS given;
BEGIN;
EXECUTE paint(5, 'green', 'now ');
SELECT plan_of('EXECUTE paint(5, ''green'', ''x'')');
ROLLBACK;
PREPARE untyped AS SELECT k, note LIKE $1 AS liked FROM orders WHERE k = $2;
EXECUTE untyped('note%', '5');

-- the shards may change under a prepared statement's feet
ALTER TABLE orders ADD COLUMN extra int DEFAULT 7;
PREPARE all_columns(int) AS SELECT * FROM orders WHERE k = $1;
EXECUTE all_columns(5);
EXECUTE by_key(5);
ALTER TABLE orders DROP COLUMN extra;
EXECUTE by_key(5);
DEALLOCATE ALL;

-- plpgsql: variables, FOUND, row counts, loops over one statement
DO $$
DECLARE
    n int;
    total int := 0;
    key int;
BEGIN
    FOR key IN 1..9 LOOP
        SELECT cust INTO n FROM orders WHERE k = key;
        total := total + n;
    END LOOP;
    RAISE NOTICE 'total %', total;
    UPDATE orders SET cust = cust WHERE k = key;
    RAISE NOTICE 'found %', FOUND;
    UPDATE orders SET cust = cust WHERE k = 1000;
    GET DIAGNOSTICS n = ROW_COUNT;
    RAISE NOTICE 'found %, % rows', FOUND, n;
END $$;
CREATE FUNCTION lines_of(key int) RETURNS SETOF items LANGUAGE sql STABLE AS 'SELECT * FROM items WHERE k = key';
SELECT line FROM lines_of(5) ORDER BY 1;
SELECT plan_of('SELECT line FROM router.lines_of(5)');
CREATE FUNCTION note_of(key int) RETURNS text LANGUAGE sql STABLE AS 'SELECT note FROM router.orders WHERE k = key';
SELECT k, note_of(k) FROM orders WHERE k < 3 ORDER BY k;
SELECT note_of(5), tier('SELECT note_of(k) FROM orders WHERE k = 5');

-- times, roles and settings of this session; what must not run elsewhere
BEGIN;
SELECT now() = max(now()), current_setting('application_name') = max(current_setting('application_name')), max(current_user) = current_user
    FROM orders WHERE k = 5;
SELECT plan_of('SELECT now(), k FROM orders WHERE k = 5 AND note <> current_setting(''application_name'')');
ROLLBACK;
CREATE SEQUENCE seq;
SELECT tier('SELECT nextval(''seq''), k FROM orders WHERE k = 5');
SELECT nextval('seq'), k FROM orders WHERE k = 5;
SELECT currval('seq'), k FROM orders WHERE k = 5;
SELECT tier('SELECT pg_backend_pid() FROM orders WHERE k = 5');
SELECT tier('SELECT pg_advisory_xact_lock(k) FROM orders WHERE k = 5');
SELECT set_config('router.x', k::text, false), current_setting('router.x') FROM orders WHERE k = 5;
SHOW router.x;
SELECT tier('SELECT random() < 2, k FROM orders WHERE k = 5');
SELECT tier('SELECT clock_timestamp() FROM orders WHERE k = 5');

-- object names and ids
SELECT 'router.orders'::regclass, 'orders'::regclass::oid = (SELECT oid FROM pg_class WHERE relname = 'orders' AND relnamespace = 'router'::regnamespace)
    FROM orders WHERE k = 5;
SELECT pg_typeof(c), pg_typeof(orders) FROM orders WHERE k = 5;

-- records come back under a type that this server knows, or are made here
SELECT (k, cust), ROW(orders.*) FROM orders WHERE k = 5;
SELECT array_agg(c), array_agg(o) FROM orders o WHERE k = 5;
