-- Errors of fragments read as those of one server.
SET search_path = exec;
\set SHOW_CONTEXT never
CREATE FUNCTION error_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    s text; m text; d text; h text; c text; t text; sch text; col text;
BEGIN
    EXECUTE query;
    RETURN NEXT 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS s = RETURNED_SQLSTATE, m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL,
        h = PG_EXCEPTION_HINT, c = CONSTRAINT_NAME, t = TABLE_NAME, sch = SCHEMA_NAME, col = COLUMN_NAME;
    RETURN NEXT s || ' ' || m;
    RETURN NEXT format('detail=%s hint=%s', d, h);
    RETURN NEXT format('constraint=%s table=%s.%s column=%s', c, sch, t, col);
END $$;

CREATE TABLE e (k int PRIMARY KEY, u int, c int CONSTRAINT c_small CHECK (c < 10), nn int NOT NULL DEFAULT 0, UNIQUE (k, u));
CREATE TABLE "E Child" ("Key" int, id int, PRIMARY KEY ("Key", id), FOREIGN KEY ("Key") REFERENCES e (k));
SET client_min_messages = warning;
SELECT create_distributed_table('e', 'k', colocate_with := 'none', shard_count := 4);
SELECT create_distributed_table('"E Child"', 'Key', colocate_with := 'e');
RESET client_min_messages;
CREATE UNIQUE INDEX an_index_with_a_name_of_sixty_three_bytes_which_is_the_limit_ab ON e (k, c);
INSERT INTO e SELECT i, i FROM generate_series(1, 20) i;

SELECT error_of('INSERT INTO e VALUES (1)');
SELECT error_of('INSERT INTO e VALUES (1), (100), (101)');
SELECT error_of('INSERT INTO e SELECT k, u FROM e WHERE k = 2');
SELECT error_of('INSERT INTO e VALUES (21, 1, 11)');
SELECT error_of('UPDATE e SET c = k WHERE k IN (2, 12)');
SELECT error_of('INSERT INTO e VALUES (21, 1, 1, NULL)');
SELECT error_of('UPDATE e SET nn = NULL WHERE k = 3');
SELECT error_of('INSERT INTO "E Child" VALUES (99, 1)');
INSERT INTO "E Child" VALUES (5, 1);
SELECT error_of('INSERT INTO "E Child" VALUES (5, 1)');
SELECT error_of('DELETE FROM e WHERE k = 5');
SELECT error_of('DELETE FROM e');
SELECT error_of('SELECT 1 / (k - 7) FROM e WHERE k = 7');
SELECT error_of('SELECT 1 / (k - 7) FROM e');
SELECT error_of('SELECT ''x''::int FROM e');
SELECT error_of('SELECT v::int FROM (SELECT ''x'' || k AS v FROM e WHERE k = 2 OFFSET 0) s');
ALTER TABLE "E Child" DROP CONSTRAINT "E Child_Key_fkey";
ALTER TABLE e DROP CONSTRAINT e_pkey;
INSERT INTO e VALUES (1, 1000, 1);
SELECT error_of('INSERT INTO e VALUES (1, 1001, 1)');
DROP TABLE "E Child", e;
