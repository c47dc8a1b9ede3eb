# Nodes come and go; what a new one needs comes along; who may not join is told.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ShardliteCluster;
use PostgreSQL::Test::Cluster;
use Test::More;

my $cluster = ShardliteCluster->new(workers => 1);
my $worker = $cluster->worker(1);

sub new_server
{
	my ($name, @initdb) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	@initdb = ('--encoding=UTF8', '--locale=C.UTF-8') unless @initdb;
	$node->init(extra => [ '-U', 'postgres', @initdb ], auth_extra => [ '--create-role', 'postgres' ]);
	$node->append_conf('postgresql.conf', <<EOT);
listen_addresses = '127.0.0.1'
shared_preload_libraries = 'shardlite'
max_prepared_transactions = 100
fsync = off
EOT
	$node->append_conf('pg_hba.conf', "local all all trust\nhost all all 127.0.0.1/32 trust\n");
	$node->start;
	return $node;
}

sub fails_like
{
	my ($statement, $pattern, $name) = @_;
	my ($code, undef, $err) = $cluster->try_sql($statement);
	isnt($code, 0, "$name: fails");
	like($err, $pattern, "$name: says why");
	return;
}

my $own_port = $cluster->coordinator->port;
my $worker_port = $worker->port;

# What the cluster has before the node comes.
$cluster->sql(<<'EOT');
CREATE ROLE app LOGIN PASSWORD 'secret';
CREATE ROLE team;
GRANT team TO app;
CREATE SCHEMA s AUTHORIZATION app;
CREATE TYPE s.mood AS ENUM ('sad', 'happy');
CREATE COLLATION s.upper_first (provider = icu, locale = 'und-u-kf-upper');
CREATE FUNCTION s.next(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE AGGREGATE s."add All" (VARIADIC int[]) (SFUNC = array_larger, STYPE = int[], INITCOND = '{}', COMBINEFUNC = array_larger, PARALLEL = SAFE);
CREATE AGGREGATE s.tally(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0', COMBINEFUNC = int8pl, FINALFUNC = int8um, MSFUNC = int8inc,
    MINVFUNC = int8dec, MSTYPE = int8, MINITCOND = '0', MFINALFUNC = int8um);
CREATE AGGREGATE s.middle(double precision ORDER BY double precision) (SFUNC = ordered_set_transition, STYPE = internal, SSPACE = 64,
    FINALFUNC = percentile_cont_float8_final, FINALFUNC_MODIFY = READ_WRITE);
CREATE AGGREGATE s.place(VARIADIC "any" ORDER BY VARIADIC "any") (SFUNC = ordered_set_transition_multi, STYPE = internal,
    FINALFUNC = rank_final, FINALFUNC_EXTRA, HYPOTHETICAL);
CREATE AGGREGATE s.least(int) (SFUNC = int4smaller, STYPE = int, COMBINEFUNC = int4smaller, SORTOP = OPERATOR(pg_catalog.<));
CREATE TABLE local_table (id int);
CREATE FUNCTION s.of_local(local_table) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE s.ref (id int PRIMARY KEY, "T x" text, m s.mood, g int GENERATED ALWAYS AS (id + 1) STORED);
INSERT INTO s.ref (id, "T x", m) SELECT i, E'a\\b "' || i, 'happy' FROM generate_series(1, 3000) i;
SELECT create_reference_table('s.ref');
CREATE TABLE s.t (k int PRIMARY KEY, v text DEFAULT 'x', r int REFERENCES s.ref, id serial, m s.mood);
SELECT create_distributed_table('s.t', 'k', shard_count => 8);
INSERT INTO s.t (k, r, m) SELECT i, i, 'sad' FROM generate_series(1, 100) i;
CREATE INDEX ON s.t (s.next(k));
ALTER TABLE s.t OWNER TO app;
GRANT SELECT ON s.t TO team;
COMMENT ON TABLE s.t IS 'hello';
CREATE FUNCTION of_key(k int) RETURNS int LANGUAGE sql STABLE AS 'SELECT r FROM s.t WHERE k = $1';
SELECT create_distributed_function('of_key(int)', 'k', 's.t'), create_distributed_function('s.next(int)');
EOT
is($cluster->sql('SELECT count(DISTINCT node_id) FROM shardlite.shard'), '1', 'the only worker has all shards');

# Join, and what came along.
my $aggregates = <<'EOT';
SELECT p.oid::regprocedure, p.proparallel, pg_get_userbyid(p.proowner), a.aggkind, a.aggnumdirectargs, a.aggtransfn, a.aggfinalfn,
    a.aggcombinefn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn, a.aggfinalextra, a.aggmfinalextra, a.aggfinalmodify,
    a.aggmfinalmodify, a.aggsortop::regoperator, a.aggtranstype::regtype, a.aggtransspace, a.aggmtranstype::regtype, a.agginitval, a.aggminitval
FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid WHERE p.pronamespace = 's'::regnamespace ORDER BY 1::text
EOT
my $second = new_server('second');
my $port = $second->port;
$cluster->coordinator->psql('postgres', "BEGIN; SELECT shardlite_add_node('127.0.0.1', $port); ROLLBACK");
is($second->safe_psql('postgres', "SELECT count(*) FROM pg_extension WHERE extname = 'shardlite'"), '0',
	'a join that is rolled back leaves nothing');
my $id = $cluster->sql("SELECT shardlite_add_node('127.0.0.1', $port)");
is($cluster->sql('SELECT count(*) FROM shardlite_nodes'), '3', 'three nodes');
foreach my $node ($worker, $second)
{
	my $name = $node->name;
	is($node->safe_psql('postgres', 'SELECT count(*) FROM shardlite_nodes'), '3', "$name knows all nodes");
	is($node->safe_psql('postgres', 'SELECT count(*), sum(g) FROM s.ref'), '3000|4504500', "$name has the reference rows");
	is($node->safe_psql('postgres', 'SELECT count(*), sum(s.next(k)) FROM s.t'), '100|5150', "$name reads all shards");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM s.t WHERE k::text COLLATE s.upper_first < 'a'}), '100',
		"$name has collations that no table needs");
	is($node->safe_psql('postgres', 'SELECT function, argument FROM shardlite.distributed_function ORDER BY argument'),
		"of_key(integer)|0\ns.next(integer)|", "$name knows the distributed functions");
	is($node->safe_psql('postgres', 'SELECT of_key(7)'), '7', "$name calls one");
	is($node->safe_psql('postgres', 'SELECT s."add All"(k, 3), s.tally(*), s.middle(0.5) WITHIN GROUP (ORDER BY k), s.place(51) WITHIN GROUP (ORDER BY k), s.least(k) FROM s.t'),
		'{100,3}|-100|50.5|51|1', "$name has the aggregates");
	is($node->safe_psql('postgres', $aggregates), $cluster->sql($aggregates), "$name has them as they are");
	is($node->safe_psql('postgres', "SELECT obj_description('s.t'::regclass), pg_get_userbyid(relowner), has_table_privilege('team', 's.t', 'SELECT') FROM pg_class WHERE oid = 's.t'::regclass"),
		'hello|app|t', "$name has comment, owner and privileges");
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_proc WHERE proname = 'of_local'"), '0',
		"$name has no function of a local table");
}
$second->safe_psql('postgres', "INSERT INTO s.ref (id) VALUES (5000)");
is($cluster->sql('SELECT count(*) FROM s.ref'), '3001', 'a write from the new node reaches all copies');
fails_like('INSERT INTO s.t (k, r) VALUES (1000, 4000)', qr/violates foreign key constraint "t_r_fkey"/, 'foreign key');
$cluster->sql("SELECT create_distributed_table('local_table', 'id', colocate_with => 'none')");
is($cluster->sql("SELECT count(DISTINCT node_id) FROM shardlite.shard WHERE colocation_id = (SELECT colocation_id FROM shardlite.distributed_table WHERE relid = 'local_table'::regclass)"),
	'2', 'new shards use the new node');
is($cluster->sql("SELECT bool_and(reachable) FROM shardlite_check_nodes()"), 't', 'all nodes are healthy');

# Objects made from now on reach every node; those of local tables do not.
$cluster->sql(<<'EOT');
CREATE TYPE s.late AS (a int, b text);
CREATE DOMAIN s.small AS int CHECK (VALUE < 10);
CREATE FUNCTION s.late() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE AGGREGATE s.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = 0);
ALTER TYPE s.mood ADD VALUE 'mad' AFTER 'sad';
ALTER FUNCTION s.next(int) RENAME TO following;
CREATE SCHEMA made CREATE TABLE inside (id int);
CREATE TABLE plain (id int);
CREATE FUNCTION of_plain(plain) RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON TYPE s.late IS 'late';
GRANT USAGE ON SCHEMA made TO team;
ALTER ROLE app SET work_mem = '8MB';
DROP FUNCTION of_plain(plain);
EOT
my $seen = "SELECT to_regtype('s.late') IS NOT NULL, to_regtype('s.small') IS NOT NULL, (SELECT string_agg(proname, ',' ORDER BY proname COLLATE \"C\") FROM pg_proc WHERE pronamespace = 's'::regnamespace),"
  . " (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum), has_schema_privilege('team', 'made', 'USAGE'), (SELECT rolconfig FROM pg_roles WHERE rolname = 'app')";
is($_->safe_psql('postgres', $seen), 't|t|add All,following,late,least,middle,place,tally,total|sad,mad,happy|t|{work_mem=8MB}', 'new objects on ' . $_->name)
  foreach $worker, $second;
is($second->safe_psql('postgres', "SELECT to_regclass('made.inside') IS NULL AND to_regclass('plain') IS NULL"), 't', 'new tables stay where they are');
$cluster->sql("BEGIN; CREATE TYPE s.never AS (a int); DROP TYPE s.late; ROLLBACK");
is($second->safe_psql('postgres', "SELECT to_regtype('s.late') IS NOT NULL, to_regtype('s.never') IS NULL"), 't|t', 'and follow the transaction');

# DDL belongs to the coordinator.
foreach my $statement ('ALTER TABLE s.t ADD x int', 'DROP TABLE s.t', 'TRUNCATE s.t', 'CREATE TYPE x AS (a int)',
	'CREATE INDEX ON s.t (v)', "SELECT create_reference_table('pg_class')", "SELECT shardlite_add_node('x', 1)")
{
	my ($code, undef, $err) = ('', '', '');
	$code = $second->psql('postgres', $statement, stderr => \$err, on_error_stop => 1);
	like($err, qr/can only be changed on its coordinator.*Connect to .*:$own_port/s, "on a worker: $statement");
}
$second->safe_psql('postgres', 'CREATE TABLE mine (id int); INSERT INTO mine VALUES (1); DROP TABLE mine');

# Who may not join.
fails_like("SELECT shardlite_add_node('127.0.0.1', $port)", qr/is part of this cluster already/, 'twice');
fails_like("SELECT shardlite_add_node('localhost', $worker_port)", qr/is part of this cluster already, as node 2/, 'twice, by another name');
fails_like("SELECT shardlite_add_node('127.0.0.1', $own_port)", qr/is this server itself/, 'itself');
fails_like("SELECT shardlite_add_node('127.0.0.1', 1)", qr/could not connect to node "127.0.0.1:1"/, 'nobody there');
my $latin = new_server('latin', '--encoding=LATIN1', '--locale=C');
fails_like("SELECT shardlite_add_node('127.0.0.1', " . $latin->port . ")", qr/differs from the cluster in its encoding.*There it is "LATIN1", here it is "UTF8"/s, 'encoding');
$latin->stop;
my $foreign = new_server('foreign');
$foreign->safe_psql('postgres', "CREATE EXTENSION shardlite; CREATE TABLE t (k int); SELECT create_distributed_table('t', 'k')");
fails_like("SELECT shardlite_add_node('127.0.0.1', " . $foreign->port . ")", qr/belongs to another cluster/, 'another cluster');
$foreign->stop;
my $bare = new_server('bare');
$bare->append_conf('postgresql.conf', "shared_preload_libraries = ''\n");
$bare->restart;
fails_like("SELECT shardlite_add_node('127.0.0.1', " . $bare->port . ")", qr/shared_preload_libraries/, 'library not preloaded');
$bare->stop;
is($cluster->sql('SELECT count(*) FROM shardlite_nodes'), '3', 'still three nodes');

# Move, properties, leave.
$cluster->sql("SELECT shardlite_update_node($id, 'localhost', $port)");
is($worker->safe_psql('postgres', "SELECT host FROM shardlite_nodes WHERE node_id = $id"), 'localhost', 'the new address is known everywhere');
fails_like("SELECT shardlite_update_node($id, '127.0.0.1', $worker_port)", qr/node 2 has the address "127.0.0.1:$worker_port" already/, 'address taken');
fails_like("SELECT shardlite_update_node($id, 'localhost', $worker_port)", qr/is not node $id of this cluster/, 'another server there');
fails_like("SELECT shardlite_remove_node('localhost', $port)", qr/cannot be removed because it holds shards/, 'a node with shards');
fails_like("SELECT shardlite_remove_node('localhost', $own_port)", qr/is the coordinator and cannot be removed/, 'the coordinator');
$cluster->sql("DROP TABLE local_table CASCADE");
$cluster->sql("SELECT shardlite_set_node_property('localhost', $port, 'holds_shards', false)");
$cluster->sql("CREATE TABLE again (k int); SELECT create_distributed_table('again', 'k', colocate_with => 'none'); DROP TABLE again");
fails_like("SELECT shardlite_set_node_property('localhost', $port, 'color', true)", qr/nodes have no property "color"/, 'unknown property');
$cluster->sql("SELECT shardlite_remove_node('localhost', $port)");
is($cluster->sql('SELECT count(*) FROM shardlite_nodes'), '2', 'two nodes are left');
is($second->safe_psql('postgres', "SELECT count(*), min(node_id), (SELECT count(*) FROM shardlite.distributed_table), to_regclass('s.t') IS NULL FROM shardlite_nodes"),
	'1|1|0|t', 'the removed server is a cluster of its own');
$cluster->sql("SELECT shardlite_add_node('127.0.0.1', $port)");
is($second->safe_psql('postgres', 'SELECT count(*) FROM s.t'), '100', 'and may come back');

# A node that is gone for good.
$second->stop('immediate');
is($cluster->sql("SELECT reachable, error ~ 'could not connect' FROM shardlite_check_nodes() WHERE port = $port"), 'f|t', 'the check tells of a lost node');
fails_like('CREATE TYPE lost AS (a int)', qr/could not connect to node "127.0.0.1:$port"/, 'DDL needs all nodes');
my ($code, undef, $err) = $cluster->try_sql("SELECT shardlite_remove_node('127.0.0.1', $port)");
is($code, 0, 'a lost node can be removed');
like($err, qr/WARNING:.*is removed, but does not know it/, 'with a warning');
$cluster->sql('CREATE TYPE lost AS (a int)');
is($worker->safe_psql('postgres', "SELECT to_regtype('lost') IS NOT NULL"), 't', 'DDL goes on');

fails_like('DROP EXTENSION shardlite', qr/because there are distributed tables/, 'drop the extension');
$cluster->sql('DROP SCHEMA s CASCADE');
fails_like('DROP EXTENSION shardlite', qr/because the cluster has several nodes/, 'drop the extension');
$cluster->sql("SELECT shardlite_remove_node('127.0.0.1', $worker_port)");
is($cluster->sql('SELECT holds_shards FROM shardlite_nodes'), 't', 'alone again, it holds shards itself');
$cluster->sql('DROP EXTENSION shardlite');
$second->start;
$second->safe_psql('postgres', 'DROP EXTENSION shardlite CASCADE');
done_testing();
