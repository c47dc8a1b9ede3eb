\echo Use "CREATE EXTENSION shardlite" to load this file. \quit

-- Objects of the extension, in the order: schemas, catalog, internal
-- functions, functions for users, views.  Every name is qualified.

CREATE SCHEMA shardlite;
CREATE SCHEMA shardlite_internal;
CREATE SCHEMA shardlite_shards;
GRANT USAGE ON SCHEMA shardlite, shardlite_internal, shardlite_shards TO PUBLIC;
-- Shards belong to the owner of their table; the library lets nobody create
-- anything else in there.
GRANT CREATE ON SCHEMA shardlite_shards TO PUBLIC;

COMMENT ON SCHEMA shardlite IS 'metadata of the cluster';
COMMENT ON SCHEMA shardlite_shards IS 'shard tables; use the tables that they belong to instead';

-- Raises the one clear error when the library is not preloaded.
CREATE FUNCTION shardlite_internal.check_preloaded() RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_check_preloaded';
SELECT shardlite_internal.check_preloaded();

-- ---------------------------------------------------------------- catalog

CREATE TABLE shardlite.node (
    node_id      int PRIMARY KEY,
    host         text NOT NULL,
    port         int NOT NULL CHECK (port BETWEEN 1 AND 65535),
    role         text NOT NULL DEFAULT 'primary' CHECK (role IN ('primary')),
    holds_shards boolean NOT NULL DEFAULT true,
    region       text,
    UNIQUE (host, port)
);
COMMENT ON TABLE shardlite.node IS 'the servers of the cluster; the same on each of them';

-- Who this server is; the only metadata that differs between nodes.
CREATE TABLE shardlite.local_node (
    node_id    int NOT NULL,
    cluster_id uuid NOT NULL
);
CREATE UNIQUE INDEX local_node_one_row ON shardlite.local_node ((true));

CREATE TABLE shardlite.colocation (
    colocation_id int PRIMARY KEY,
    shard_count   int NOT NULL CHECK (shard_count > 0),
    key_type      regtype,       -- null for single-shard groups
    key_collation oid,           -- 0 when the type has none
    is_default    boolean NOT NULL DEFAULT false  -- new tables may join it unasked
);

CREATE TABLE shardlite.distributed_table (
    relid         regclass PRIMARY KEY,
    kind          "char" NOT NULL CHECK (kind IN ('h', 's', 'r')),
    key_column    name CHECK ((key_column IS NOT NULL) = (kind = 'h')),
    colocation_id int REFERENCES shardlite.colocation CHECK ((colocation_id IS NULL) = (kind = 'r')),
    shard_prefix  name UNIQUE CHECK ((shard_prefix IS NULL) = (kind = 'r'))
);
CREATE INDEX distributed_table_colocation ON shardlite.distributed_table (colocation_id);

CREATE TABLE shardlite.shard (
    shard_id      bigint PRIMARY KEY,
    colocation_id int NOT NULL REFERENCES shardlite.colocation ON DELETE CASCADE,
    hash_min      int NOT NULL,
    hash_max      int NOT NULL CHECK (hash_max >= hash_min),
    node_id       int NOT NULL REFERENCES shardlite.node,
    UNIQUE (colocation_id, hash_min)
);

-- Functions and procedures that are on every node.  Calls of those with a group
-- run where the shard of one argument's value is.
CREATE TABLE shardlite.distributed_function (
    function      regprocedure PRIMARY KEY,
    argument      int CHECK (argument >= 0),  -- among the input arguments, from 0
    colocation_id int REFERENCES shardlite.colocation ON DELETE CASCADE,
    CHECK ((argument IS NULL) = (colocation_id IS NULL))
);

-- Decision records: a distributed transaction of this coordinator that has a
-- row here is committed, whatever its participants still hold prepared.
CREATE TABLE shardlite.dtx (
    dtx_id  text PRIMARY KEY,
    nodes   int[] NOT NULL,
    created timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE SEQUENCE shardlite.colocation_id_seq;
CREATE SEQUENCE shardlite.shard_id_seq START 1001;
CREATE SEQUENCE shardlite.node_id_seq START 2;

GRANT SELECT ON shardlite.node, shardlite.local_node, shardlite.colocation,
    shardlite.distributed_table, shardlite.distributed_function, shardlite.shard TO PUBLIC;

-- Every change of metadata invalidates what backends have cached of it.
CREATE FUNCTION shardlite_internal.invalidate_metadata() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'shardlite_invalidate_metadata';

CREATE TRIGGER invalidate_metadata AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shardlite.node
    FOR EACH STATEMENT EXECUTE FUNCTION shardlite_internal.invalidate_metadata();
CREATE TRIGGER invalidate_metadata AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shardlite.local_node
    FOR EACH STATEMENT EXECUTE FUNCTION shardlite_internal.invalidate_metadata();
CREATE TRIGGER invalidate_metadata AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shardlite.colocation
    FOR EACH STATEMENT EXECUTE FUNCTION shardlite_internal.invalidate_metadata();
CREATE TRIGGER invalidate_metadata AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shardlite.shard
    FOR EACH STATEMENT EXECUTE FUNCTION shardlite_internal.invalidate_metadata();
CREATE TRIGGER invalidate_metadata AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shardlite.distributed_table
    FOR EACH STATEMENT EXECUTE FUNCTION shardlite_internal.invalidate_metadata();
-- Cached plans over a table depend on how it is distributed.
CREATE TRIGGER invalidate_plans AFTER INSERT OR UPDATE OR DELETE ON shardlite.distributed_table
    FOR EACH ROW EXECUTE FUNCTION shardlite_internal.invalidate_metadata();

CREATE TRIGGER invalidate_metadata AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shardlite.distributed_function
    FOR EACH STATEMENT EXECUTE FUNCTION shardlite_internal.invalidate_metadata();
-- Plans with a call of the function depend on where it runs.
CREATE FUNCTION shardlite_internal.invalidate_function() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'shardlite_invalidate_function';
CREATE TRIGGER invalidate_plans AFTER INSERT OR UPDATE OR DELETE ON shardlite.distributed_function
    FOR EACH ROW EXECUTE FUNCTION shardlite_internal.invalidate_function();

-- A server is a cluster of its own until it joins another one.
INSERT INTO shardlite.local_node VALUES (1, gen_random_uuid());
INSERT INTO shardlite.node (node_id, host, port)
    VALUES (1, 'localhost', current_setting('port')::int);

-- ------------------------------------------------------ internal functions

-- Hash of a key value as used for placement; for tests and curious people.
CREATE FUNCTION shardlite_internal.shard_hash(value anyelement) RETURNS int
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_shard_hash';

-- Statements that recreate a table on another node, as a shell or as a shard.
CREATE FUNCTION shardlite_internal.table_ddl(relation regclass, shard boolean DEFAULT false)
    RETURNS SETOF text LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_table_ddl';

-- Statements for what must be on a node before those.
CREATE FUNCTION shardlite_internal.object_ddl(relation regclass)
    RETURNS SETOF text LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_object_ddl';

-- On a node: create an object, or bring it to what the coordinator has.
CREATE FUNCTION shardlite_internal.ensure_object(kind text, name text, statements text[])
    RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_ensure_object';

-- On a node: give a sequence a range of values of its own.
CREATE FUNCTION shardlite_internal.node_sequence(sequence regclass)
    RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_node_sequence';

-- On a node: run what those functions yield.
CREATE FUNCTION shardlite_internal.run_statements(statements text[], run_as text)
    RETURNS void LANGUAGE c AS 'MODULE_PATHNAME', 'shardlite_run_statements';

-- Waits for locks on this node, and the end of one; what its backends do for
-- distributed transactions.  Node 0 is this one, times are microseconds.
CREATE FUNCTION shardlite_internal.lock_waits(OUT pid int, OUT leader int, OUT wait_start bigint,
        OUT node_id int, OUT session_pid int, OUT number bigint, OUT started bigint, OUT lock text,
        OUT holder int, OUT holder_node_id int, OUT holder_session_pid int, OUT holder_number bigint,
        OUT holder_started bigint, OUT holder_keeps boolean, OUT holder_xid xid)
    RETURNS SETOF record LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_lock_waits';
CREATE FUNCTION shardlite_internal.end_wait(pid int, wait_start bigint, detail text) RETURNS boolean
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_end_wait';
CREATE FUNCTION shardlite_internal.node_transactions(OUT pid int, OUT number bigint,
        OUT started timestamptz, OUT phase text, OUT served_node_id int, OUT served_pid int,
        OUT served_number bigint)
    RETURNS SETOF record LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_node_transactions';

-- The same asked of every node, with what is prepared there.
CREATE FUNCTION shardlite_internal.cluster_transactions(OUT node_id int, OUT pid int,
        OUT number bigint, OUT usename name, OUT state text, OUT started timestamptz,
        OUT served_node_id int, OUT served_pid int, OUT served_number bigint, OUT gid text)
    RETURNS SETOF record LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_cluster_transactions';
CREATE FUNCTION shardlite_internal.cluster_waits(OUT node_id int, OUT session_node_id int,
        OUT session_pid int, OUT lock text, OUT holder_node_id int, OUT holder_pid int, OUT gid text)
    RETURNS SETOF record LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_cluster_waits';

-- Bytes of every shard table, asked of every node.
CREATE FUNCTION shardlite_internal.shard_sizes(OUT node_id int, OUT shard_table text, OUT bytes bigint)
    RETURNS SETOF record LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_shard_sizes';

REVOKE EXECUTE ON FUNCTION shardlite_internal.table_ddl, shardlite_internal.object_ddl,
    shardlite_internal.ensure_object, shardlite_internal.node_sequence,
    shardlite_internal.run_statements, shardlite_internal.end_wait FROM PUBLIC;

-- DDL of the coordinator on this node; only node sessions may call them.
CREATE FUNCTION shardlite_internal.run_on_shards(commands text[], object_names text[],
        names text[], search_path text, shard_ids bigint[]) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_run_on_shards';
CREATE FUNCTION shardlite_internal.run_as_typed(command text, object_names text[],
        search_path text, skip_missing boolean) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_run_as_typed';

-- SET CONSTRAINTS for the shards of this node: pairs of table and constraint.
CREATE FUNCTION shardlite_internal.set_constraints(constraints text[], deferred boolean) RETURNS void
    LANGUAGE c STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'shardlite_set_constraints';

-- Rows of a COPY for one shard of this node.
CREATE FUNCTION shardlite_internal.copy_chunk(statement text, shard_id bigint, data bytea, rows bytea) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_copy_chunk';

-- On a node: the first phase of an aggregate.  partial(NULL::<state type>,
-- '<aggregate>', arguments) is the state after the transition function.
CREATE FUNCTION shardlite_internal.partial_step(internal, anyelement, text, VARIADIC "any") RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'shardlite_partial_step';
CREATE FUNCTION shardlite_internal.partial_result(internal, anyelement, text, VARIADIC "any") RETURNS anyelement
    LANGUAGE c IMMUTABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'shardlite_partial_result';
CREATE AGGREGATE shardlite_internal.partial(anyelement, text, VARIADIC "any") (
    SFUNC = shardlite_internal.partial_step, STYPE = internal, SSPACE = 128,
    FINALFUNC = shardlite_internal.partial_result, FINALFUNC_EXTRA, PARALLEL = RESTRICTED);
-- The same for aggregates without arguments.
CREATE FUNCTION shardlite_internal.partial_step(internal, anyelement, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'shardlite_partial_step';
CREATE FUNCTION shardlite_internal.partial_result(internal, anyelement, text) RETURNS anyelement
    LANGUAGE c IMMUTABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'shardlite_partial_result';
CREATE AGGREGATE shardlite_internal.partial(anyelement, text) (
    SFUNC = shardlite_internal.partial_step, STYPE = internal, SSPACE = 128,
    FINALFUNC = shardlite_internal.partial_result, FINALFUNC_EXTRA, PARALLEL = RESTRICTED);
-- Stands for a condition of shards while a statement is planned; never called.
CREATE FUNCTION shardlite_internal.on_shard(condition text, VARIADIC columns "any") RETURNS boolean
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shardlite_on_shard';
-- In a fragment: a value that its coordinator has computed, or the error of
-- that.  On the coordinator deferred_error() stands for the second parameter.
CREATE FUNCTION shardlite_internal.deferred(value anyelement, error bytea) RETURNS anyelement
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shardlite_deferred';
CREATE FUNCTION shardlite_internal.deferred_error(value anyelement) RETURNS bytea
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'shardlite_deferred_error';
-- Rows are locked after they were read: by an earlier statement of the same
-- transaction, whose snapshot is kept.  Only node sessions may call lock_rows.
CREATE FUNCTION shardlite_internal.hold_snapshot() RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'shardlite_hold_snapshot';
CREATE FUNCTION shardlite_internal.may_leave(relation oid, row_tid tid) RETURNS boolean
    LANGUAGE c STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'shardlite_may_leave';
CREATE FUNCTION shardlite_internal.lock_rows(table_name text, leaf oid, rows tid[], strength int,
        policy int) RETURNS tid[]
    LANGUAGE c STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'shardlite_lock_rows';
-- Rows that the coordinator of a statement sends here to be joined with shards.
CREATE FUNCTION shardlite_internal.put_rows(id bigint, VARIADIC "any") RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'shardlite_put_rows';
CREATE FUNCTION shardlite_internal.drop_rows(id bigint) RETURNS void
    LANGUAGE c STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'shardlite_drop_rows';
CREATE FUNCTION shardlite_internal.get_rows_support(internal) RETURNS internal
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_get_rows_support';
CREATE FUNCTION shardlite_internal.get_rows(id bigint) RETURNS SETOF record
    LANGUAGE c STRICT STABLE PARALLEL RESTRICTED SUPPORT shardlite_internal.get_rows_support
    AS 'MODULE_PATHNAME', 'shardlite_get_rows';

-- Such rows straight from the nodes where they are.
CREATE FUNCTION shardlite_internal.exchange_begin(id bigint, token text, ranges int[], key int, nodes int[], sources int[])
    RETURNS text LANGUAGE c STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'shardlite_exchange_begin';
CREATE FUNCTION shardlite_internal.exchange_row(internal, id bigint, VARIADIC "any") RETURNS internal
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'shardlite_exchange_row';
CREATE FUNCTION shardlite_internal.exchange_count(internal) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'shardlite_exchange_count';
CREATE AGGREGATE shardlite_internal.exchange_rows(id bigint, VARIADIC "any") (
    SFUNC = shardlite_internal.exchange_row, STYPE = internal,
    FINALFUNC = shardlite_internal.exchange_count, PARALLEL = UNSAFE);
CREATE FUNCTION shardlite_internal.exchange_end(id bigint) RETURNS void
    LANGUAGE c STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'shardlite_exchange_end';
CREATE FUNCTION shardlite_internal.exchange_drop(id bigint) RETURNS void
    LANGUAGE c STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'shardlite_exchange_drop';
CREATE FUNCTION shardlite_internal.exchange_fetch(id bigint, token text, nodes int[], sources int[], locations text[], VARIADIC "any")
    RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'shardlite_exchange_fetch';
CREATE FUNCTION shardlite_internal.exchange_read(location text, token text, node int) RETURNS SETOF bytea
    LANGUAGE c STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'shardlite_exchange_read';
REVOKE EXECUTE ON FUNCTION shardlite_internal.exchange_read FROM PUBLIC;

-- ANALYZE: what a node has of a table, and what it is told about all of it.
CREATE FUNCTION shardlite_internal.table_sizes(tables text[], OUT pages float8, OUT rows float8, OUT auto_analyzed float8)
    RETURNS SETOF record LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_table_sizes';
CREATE FUNCTION shardlite_internal.sample_rows(tables text[], quotas int[], items text)
    RETURNS SETOF bytea LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_sample_rows';
CREATE FUNCTION shardlite_internal.set_column_statistics(relation regclass, attribute name,
        inherited boolean, null_fraction real, width int, n_distinct real,
        slot1 text[], slot2 text[], slot3 text[], slot4 text[], slot5 text[]) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_set_column_statistics';
CREATE FUNCTION shardlite_internal.set_extended_statistics(schema name, object name, inherited boolean,
        columns name[], ndistinct bytea, dependencies bytea, mcv bytea) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'shardlite_set_extended_statistics';
REVOKE EXECUTE ON FUNCTION shardlite_internal.set_extended_statistics FROM PUBLIC;
CREATE FUNCTION shardlite_internal.set_table_size(relation regclass, pages int, rows real) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_set_table_size';

-- What autovacuum of the shards has found out, for all tables; a worker does this now and then.
CREATE FUNCTION shardlite_internal.refresh_statistics() RETURNS int
    LANGUAGE c AS 'MODULE_PATHNAME', 'shardlite_refresh_statistics';
REVOKE EXECUTE ON FUNCTION shardlite_internal.refresh_statistics FROM PUBLIC;

-- The text that a node would get for a statement, under logical names.
CREATE FUNCTION shardlite_internal.fragment_text(query text)
    RETURNS text LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_fragment_text';

-- ----------------------------------------------------- functions for users

-- ------------------------------------------------------------------ nodes

CREATE FUNCTION shardlite_recover() RETURNS int
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_recover';
COMMENT ON FUNCTION shardlite_recover IS 'finish distributed transactions that a crash interrupted; returns how many';
REVOKE EXECUTE ON FUNCTION shardlite_recover FROM PUBLIC;
CREATE FUNCTION shardlite_add_node(host text, port int DEFAULT 5432) RETURNS int
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_add_node';
COMMENT ON FUNCTION shardlite_add_node IS 'make a server a node of the cluster, and return its id; with the first one the coordinator stops to receive new shards';
CREATE FUNCTION shardlite_remove_node(host text, port int DEFAULT 5432) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_remove_node';
COMMENT ON FUNCTION shardlite_remove_node IS 'remove a node that holds no shards';
CREATE FUNCTION shardlite_update_node(node_id int, host text, port int) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_update_node';
COMMENT ON FUNCTION shardlite_update_node IS 'tell all nodes the new address of a node';
CREATE FUNCTION shardlite_set_node_property(host text, port int, property text, value boolean) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_set_node_property';
COMMENT ON FUNCTION shardlite_set_node_property IS 'set a property of a node: holds_shards';
CREATE FUNCTION shardlite_check_nodes(OUT node_id int, OUT host text, OUT port int, OUT reachable boolean,
        OUT server_version text, OUT latency_ms double precision, OUT error text) RETURNS SETOF record
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'shardlite_check_nodes';
COMMENT ON FUNCTION shardlite_check_nodes IS 'contact every node and say what came of it';
REVOKE ALL ON FUNCTION shardlite_add_node, shardlite_remove_node, shardlite_update_node,
    shardlite_set_node_property, shardlite_check_nodes FROM PUBLIC;

-- PostgreSQL creates no view in pg_catalog, but lets one move there.
CREATE VIEW shardlite.shardlite_nodes AS
    SELECT n.node_id, n.host, n.port, n.role, n.holds_shards, n.region, n.node_id = l.node_id AS is_local,
        (SELECT count(*) FROM shardlite.shard s WHERE s.node_id = n.node_id) AS shards
    FROM shardlite.node n, shardlite.local_node l
    ORDER BY n.node_id;
ALTER VIEW shardlite.shardlite_nodes SET SCHEMA pg_catalog;
COMMENT ON VIEW pg_catalog.shardlite_nodes IS 'the servers of the cluster';
GRANT SELECT ON pg_catalog.shardlite_nodes TO PUBLIC;

-- Split a table by hash of a column; without a column it has one shard.
CREATE FUNCTION create_distributed_table(table_name regclass, distribution_column text,
    distribution_type text DEFAULT 'hash', colocate_with text DEFAULT 'default',
    shard_count int DEFAULT NULL)
    RETURNS void LANGUAGE c AS 'MODULE_PATHNAME', 'create_distributed_table';
COMMENT ON FUNCTION create_distributed_table IS 'split a table by hash of a column; without a column it has one shard';

-- Keep a full copy of a table on every node.
CREATE FUNCTION create_reference_table(table_name regclass)
    RETURNS void LANGUAGE c AS 'MODULE_PATHNAME', 'create_reference_table';
COMMENT ON FUNCTION create_reference_table IS 'keep a full copy of a table on every node';

-- Bring all rows back into one ordinary table on this server.
CREATE FUNCTION undistribute_table(table_name regclass)
    RETURNS void LANGUAGE c AS 'MODULE_PATHNAME', 'undistribute_table';
COMMENT ON FUNCTION undistribute_table IS 'bring all rows back into one ordinary table on this server';

-- Let a function exist on every node and, with an argument, run where the
-- rows are that have its value as their key.
CREATE FUNCTION create_distributed_function(function_name regprocedure, distribution_arg_name text DEFAULT NULL,
    colocate_with text DEFAULT 'default')
    RETURNS void LANGUAGE c AS 'MODULE_PATHNAME', 'create_distributed_function';
COMMENT ON FUNCTION create_distributed_function IS 'run calls of a function on the node that holds the rows of one argument''s value';

-- The shard that holds rows with this value in the distribution column.
CREATE FUNCTION get_shard_id_for_distribution_column(table_name regclass, distribution_value "any" DEFAULT NULL::text)
    RETURNS bigint LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'get_shard_id_for_distribution_column';
COMMENT ON FUNCTION get_shard_id_for_distribution_column IS 'the shard that holds rows with this value in the distribution column';

-- What this session has asked of nodes since it began; take two readings and
-- subtract.  A round trip is a wait for an answer, for all nodes together.
CREATE FUNCTION shardlite_counters(OUT round_trips bigint, OUT batches bigint,
    OUT connections bigint, OUT bytes_sent bigint, OUT bytes_received bigint,
    OUT remote_fragments bigint, OUT local_fragments bigint, OUT extra_connections bigint)
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'shardlite_counters';

-- ------------------------------------------------------------------ views

-- A view cannot be made in pg_catalog, but moved there.
CREATE VIEW shardlite.shardlite_shards AS
    SELECT t.relid AS table_name, s.shard_id,
        format('%I.%I', 'shardlite_shards', t.shard_prefix || '_' || s.shard_id) AS shard_table,
        CASE t.kind WHEN 'h' THEN 'distributed' ELSE 'single shard' END AS table_type,
        t.colocation_id, s.hash_min, s.hash_max,
        s.node_id, n.host, n.port, z.bytes AS shard_size
    FROM shardlite.distributed_table t
        JOIN shardlite.shard s USING (colocation_id)
        JOIN shardlite.node n USING (node_id)
        LEFT JOIN shardlite_internal.shard_sizes() z
            ON (z.node_id, z.shard_table) = (s.node_id, t.shard_prefix || '_' || s.shard_id);
COMMENT ON VIEW shardlite.shardlite_shards IS 'every shard of every distributed table: where it lives and how large it is';

CREATE VIEW shardlite.shardlite_tables AS
    SELECT t.relid AS table_name,
        CASE t.kind WHEN 'h' THEN 'distributed' WHEN 's' THEN 'single shard' ELSE 'reference' END AS table_type,
        t.key_column AS distribution_column, t.colocation_id,
        CASE t.kind WHEN 'r' THEN 1 ELSE c.shard_count END AS shard_count,
        pg_size_pretty(CASE t.kind WHEN 'r' THEN pg_total_relation_size(t.relid)
            ELSE coalesce(z.bytes, 0) END) AS table_size,
        pg_get_userbyid(r.relowner) AS table_owner
    FROM shardlite.distributed_table t
        JOIN pg_class r ON r.oid = t.relid
        LEFT JOIN shardlite.colocation c USING (colocation_id)
        LEFT JOIN (SELECT table_name AS relid, sum(shard_size) AS bytes
            FROM shardlite.shardlite_shards GROUP BY 1) z USING (relid);
COMMENT ON VIEW shardlite.shardlite_tables IS 'distributed and reference tables';

CREATE VIEW shardlite.shardlite_functions AS
    SELECT f.function AS function_name,
        '$' || (SELECT n FROM (SELECT n, row_number() OVER (ORDER BY n) AS input
            FROM unnest(coalesce(p.proargmodes, array_fill('i'::"char", ARRAY[p.pronargs::int]))) WITH ORDINALITY m(mode, n)
            WHERE mode IN ('i', 'b', 'v')) i WHERE input = f.argument + 1) AS distribution_argument,
        f.colocation_id
    FROM shardlite.distributed_function f JOIN pg_proc p ON p.oid = f.function;
COMMENT ON VIEW shardlite.shardlite_functions IS 'functions and procedures given to create_distributed_function';

-- A transaction is known by the id that is the beginning of its gids.
CREATE VIEW shardlite.shardlite_transactions AS
    WITH seen AS MATERIALIZED (
        SELECT * FROM shardlite_internal.cluster_transactions()
    ), coordinated AS (
        SELECT format('shardlite_%s_%s_%s', node_id, pid, number) AS dtx_id, node_id, pid, usename, state, started
            FROM seen WHERE number <> 0
    ), part AS (
        SELECT node_id, format('shardlite_%s_%s_%s', served_node_id, served_pid, served_number) AS dtx_id
            FROM seen WHERE served_number <> 0
        UNION
        SELECT node_id, regexp_replace(gid, '_[^_]*$', '') FROM seen WHERE gid IS NOT NULL
    ), dtx AS (
        SELECT * FROM coordinated
        UNION ALL
        SELECT DISTINCT dtx_id, split_part(dtx_id, '_', 2)::int, split_part(dtx_id, '_', 3)::int,
            NULL::name, 'unresolved', NULL::timestamptz
            FROM part WHERE dtx_id NOT IN (SELECT dtx_id FROM coordinated)
    ), wait AS (
        SELECT CASE session_node_id WHEN 0 THEN node_id ELSE session_node_id END AS node_id,
            session_pid AS pid, lock || ' on node ' || node_id AS lock,
            CASE WHEN gid IS NOT NULL THEN split_part(gid, '_', 2)::int
                WHEN holder_node_id = 0 THEN node_id ELSE holder_node_id END AS holder_node_id,
            CASE WHEN gid IS NOT NULL THEN split_part(gid, '_', 3)::int ELSE holder_pid END AS holder_pid
            FROM shardlite_internal.cluster_waits()
            WHERE gid IS NULL OR starts_with(gid, 'shardlite_')
    )
    SELECT d.dtx_id, d.state, d.node_id, d.pid, d.usename,
        CASE WHEN d.state IS NOT NULL THEN
            ARRAY(SELECT p.node_id FROM part p WHERE p.dtx_id = d.dtx_id ORDER BY 1) END AS nodes,
        d.started, clock_timestamp() - d.started AS age, w.waits_for, w.blocked_by
    FROM dtx d
        LEFT JOIN LATERAL (
            SELECT string_agg(DISTINCT w.lock, ', ') AS waits_for,
                array_agg(DISTINCT coalesce(h.dtx_id,
                    format('process %s of node %s', w.holder_pid, w.holder_node_id))) AS blocked_by
            FROM wait w LEFT JOIN dtx h ON (h.node_id, h.pid) = (w.holder_node_id, w.holder_pid)
            WHERE (w.node_id, w.pid) = (d.node_id, d.pid)) w ON d.state IS NOT NULL
    WHERE (d.node_id, d.pid) <> ((SELECT node_id FROM shardlite.local_node), pg_backend_pid())
    ORDER BY d.started, d.dtx_id;
COMMENT ON VIEW shardlite.shardlite_transactions IS 'distributed transactions of other sessions, on all nodes: who, where, and what they wait for';

GRANT SELECT ON shardlite.shardlite_shards, shardlite.shardlite_tables, shardlite.shardlite_functions,
    shardlite.shardlite_transactions TO PUBLIC;
ALTER VIEW shardlite.shardlite_functions SET SCHEMA pg_catalog;
ALTER VIEW shardlite.shardlite_shards SET SCHEMA pg_catalog;
ALTER VIEW shardlite.shardlite_tables SET SCHEMA pg_catalog;
ALTER VIEW shardlite.shardlite_transactions SET SCHEMA pg_catalog;
