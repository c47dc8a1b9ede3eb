-- Functions in FROM: WITH ORDINALITY, ROWS FROM, JSON and XML, set-returning functions in the select list.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT nodes('SELECT i.k, t.nr FROM item i, unnest(tags) WITH ORDINALITY t(tag, nr)');
SELECT same('SELECT i.k, t.tag, t.nr FROM item i, unnest(tags) WITH ORDINALITY t(tag, nr) WHERE t.tag > 1');
SELECT same('SELECT i.k, g.nr FROM item i JOIN generate_series(10, 40, 10) WITH ORDINALITY g(v, nr) ON g.v = i.k');
SELECT same('SELECT i.k, r.* FROM item i, ROWS FROM (unnest(tags), generate_series(1, grp)) WITH ORDINALITY r(tag, g, nr)');
SELECT same('SELECT l.n, s.* FROM line l, regexp_split_to_table(l.day::text, ''-'') WITH ORDINALITY s(part, nr) WHERE l.k = 9');
-- JSON
SELECT same('SELECT i.k, e.key, e.value FROM item i, jsonb_each(i.doc) e WHERE e.value <> ''3''');
SELECT same('SELECT i.k, r.a, r.b FROM item i, jsonb_to_record(i.doc) r(a int, b int[])');
SELECT same('SELECT r.x, i.note FROM jsonb_to_recordset(''[{"x": 3}, {"x": 5, "y": "z"}, {}]'') r(x int, y text) LEFT JOIN item i ON i.k = r.x');
SELECT same('SELECT i.k, p FROM item i, jsonb_path_query(i.doc, ''$.b[*] ? (@ > 20)'') p');
SELECT same('SELECT (jsonb_populate_record(NULL::item, doc || ''{"k": 1}'')).k, k FROM item WHERE k < 5');
SELECT same('SELECT jsonb_object_agg(k, doc -> ''b'') FROM item WHERE k < 4');
SELECT same('SELECT k FROM item WHERE EXISTS (SELECT 1 FROM jsonb_array_elements_text(doc -> ''b'') e WHERE e = ''12'')');
-- XML
SELECT same('SELECT i.k, x.* FROM item i, XMLTABLE(''/r/v'' PASSING xmlelement(name r, xmlforest(i.k AS v, i.note AS v)) COLUMNS nr FOR ORDINALITY, v text PATH ''.'') x WHERE i.k < 5');
SELECT same('SELECT x.id, i.grp FROM XMLTABLE(''//i'' PASSING ''<l><i id="4"/><i id="77"/></l>'' COLUMNS id int PATH ''@id'') x LEFT JOIN item i ON i.k = x.id');
SELECT same('SELECT grp, xmlagg(xmlelement(name k, k) ORDER BY k)::text FROM item GROUP BY grp');
-- in the select list
SELECT same('SELECT k, unnest(tags) FROM item WHERE k > 27');
SELECT same('SELECT k, generate_series(1, 2), unnest(ARRAY[1, 2, 3]) FROM item WHERE grp = 3');
SELECT same('SELECT DISTINCT unnest(tags) % 4 FROM item');
SELECT same('SELECT k, unnest(tags) AS t FROM item ORDER BY t DESC, k LIMIT 5');
SELECT same('SELECT count(*) FROM (SELECT unnest(tags) FROM item WHERE k = 5) s');
-- pitfall: GROUP BY with a set-returning function in the target list
SELECT grp, generate_series(1, count(*)::int / 3) AS g FROM item WHERE grp < 2 GROUP BY grp ORDER BY 1, 2;
SELECT same('SELECT k, generate_series(1, count(*)::int) FROM line GROUP BY k');
SELECT same('SELECT grp, unnest(array_agg(k ORDER BY k)) FROM item GROUP BY grp');
SELECT same('SELECT unnest(tags) AS t, count(*) FROM item GROUP BY t');
SELECT same('SELECT k, unnest(ARRAY[qty, 1]) AS u, count(*) FROM line GROUP BY k, u');
-- as a condition's operand it is refused
SELECT same('SELECT k FROM item WHERE unnest(tags) = 1');
SELECT same('SELECT sum(generate_series(1, k)) FROM item');
