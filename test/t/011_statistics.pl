# Statistics of distributed tables are the same on every node, wherever they
# were gathered, and a node that joins gets them.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ShardliteCluster;
use Test::More;

my $cluster = ShardliteCluster->new(workers => 2);
$cluster->sql(<<'EOT');
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE COLLATION backwards (provider = icu, locale = 'de');
CREATE TABLE t (gone int, k int, v text COLLATE backwards, m mood, a int[], "odd ""name'" numeric);
ALTER TABLE t DROP gone;
CREATE INDEX ON t (lower(v));
CREATE STATISTICS "t s" ON "odd ""name'", v FROM t;
CREATE STATISTICS enums ON v, m FROM t;
CREATE TABLE r (id int PRIMARY KEY, v text);
INSERT INTO t SELECT i, 'v ' || i % 30, 'sad', ARRAY[i % 3, i % 2], i / 7.0 FROM generate_series(1, 1000) i;
INSERT INTO r SELECT i, 'x' FROM generate_series(1, 500) i;
ANALYZE t, r;
SELECT create_distributed_table('t', 'k', shard_count => 6), create_reference_table('r');
EOT

my $rows = <<'EOT';
SELECT tablename, attname, inherited, null_frac, avg_width, n_distinct, correlation, most_common_vals, most_common_freqs,
	histogram_bounds, most_common_elems, most_common_elem_freqs, elem_count_histogram,
	(SELECT string_agg(o::regoper::text, ',') FROM pg_statistic s, unnest(ARRAY[staop1, staop2, staop3]) o
	 WHERE starelid = p.tablename::regclass AND staattnum = (SELECT attnum FROM pg_attribute WHERE attrelid = starelid AND attname = p.attname)),
	(SELECT string_agg(c::regcollation::text, ',') FROM pg_statistic s, unnest(ARRAY[stacoll1, stacoll2, stacoll3]) c
	 WHERE starelid = p.tablename::regclass AND staattnum = (SELECT attnum FROM pg_attribute WHERE attrelid = starelid AND attname = p.attname))
FROM pg_stats p WHERE schemaname = 'public' ORDER BY 1, 2, 3
EOT
# Their data numbers the columns, and the coordinator's table has one more.
my $extended = <<'EOT';
SELECT statistics_name, regexp_replace(n_distinct::text, '"[0-9, ]+"', '', 'g'),
	regexp_replace(dependencies::text, '"[0-9, =>]+"', '', 'g'),
	CASE WHEN statistics_name <> 'enums' THEN most_common_vals[1:2][1:2]::text END
FROM pg_stats_ext WHERE tablename = 't' ORDER BY 1
EOT
my $groups = "EXPLAIN (FORMAT json) SELECT lower(v), v, m FROM t GROUP BY 1, 2, 3";
my $size = "SELECT reltuples FROM pg_class WHERE oid = 't'::regclass";

sub same_everywhere
{
	my ($expected_rows, $size_expected, $name) = @_;
	my $expected = $cluster->sql($rows);
	is(scalar(split(/\n/, $expected)), $expected_rows, "$name: columns");
	foreach my $node ($cluster->nodes)
	{
		is($node->safe_psql('postgres', $rows), $expected, "$name: statistics on " . $node->name);
		is($node->safe_psql('postgres', $size), $size_expected, "$name: size on " . $node->name);
	}
	return;
}

same_everywhere(8, 1000, 'distributed after ANALYZE');
like($cluster->sql($rows), qr/^t\|v\|f.*backwards/m, 'names, not numbers, have been sent');
$cluster->sql("INSERT INTO t SELECT i, 'new', 'happy', NULL, NULL FROM generate_series(1001, 3000) i; ANALYZE t");
same_everywhere(8, 3000, 'ANALYZE on the coordinator');
$cluster->sql("INSERT INTO t SELECT i, NULL, NULL, ARRAY[7], 1 FROM generate_series(1, 1000) i");
$cluster->worker(1)->safe_psql('postgres', 'ANALYZE t');
same_everywhere(8, 4000, 'ANALYZE on a worker');
like($cluster->sql($rows), qr/^t\|m\|f\|0\.25\|/m, 'of all rows');
$cluster->worker(2)->safe_psql('postgres', 'BEGIN; DELETE FROM t WHERE v IS NULL; ANALYZE t (m); COMMIT');
like($cluster->sql($rows), qr/^t\|m\|f\|0\|/m, 'in a block, of what it sees');
$cluster->worker(2)->safe_psql('postgres', 'VACUUM t');
same_everywhere(8, 3000, 'VACUUM on a worker');
$cluster->worker(2)->safe_psql('postgres', 'BEGIN READ ONLY; ANALYZE t; COMMIT');
same_everywhere(8, 3000, 'ANALYZE in a read-only transaction');

my $estimate = sub { my ($node) = @_; $node->safe_psql('postgres', $groups) =~ /"Plan Rows": (\d+)/; return $1 };
foreach my $node ($cluster->worker(1), $cluster->worker(2))
{
	is($node->safe_psql('postgres', $extended), $cluster->sql($extended), 'statistics objects on ' . $node->name);
	is($estimate->($node), $estimate->($cluster->coordinator), 'groups that they make ' . $node->name . ' expect');
}
like($cluster->sql($extended), qr/^enums\|.*\nt s\|.*\{\{/s, 'with combinations');

# Two at a time wait for each other.
my $one = $cluster->worker(1)->background_psql('postgres');
$one->query_safe('BEGIN; ANALYZE t');
my ($code, undef, $err) = $cluster->try_sql("SET lock_timeout = '100ms'; BEGIN; ANALYZE t; COMMIT");
like($err, qr/lock timeout/, 'ANALYZE waits for another node\'s');
(undef, undef, $err) = $cluster->try_sql('ANALYZE (SKIP_LOCKED) t');
like($err, qr/skipping analyze of "t" --- lock not available/, 'or does not');
$one->query_safe('COMMIT');
$one->quit;

# Another server joins.
my $worker = $cluster->worker(2);
my $port = $worker->port;
$cluster->sql("UPDATE shardlite.shard SET node_id = node_id WHERE false");
$cluster->sql('CREATE TABLE p (k int, v int) PARTITION BY LIST (v); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)');
$cluster->sql("SELECT create_distributed_table('p', 'k'); INSERT INTO p SELECT i, 1 FROM generate_series(1, 100) i; ANALYZE");
my $new = PostgreSQL::Test::Cluster->new('joining');
$new->init(extra => [ '-U', 'postgres', '--encoding=UTF8', '--locale=C.UTF-8' ], auth_extra => [ '--create-role', 'postgres' ]);
$new->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'\nshared_preload_libraries = 'shardlite'\nmax_prepared_transactions = 100\nfsync = off\n");
$new->append_conf('pg_hba.conf', "local all all trust\nhost all all 127.0.0.1/32 trust\n");
$new->start;
$cluster->sql("SELECT shardlite_add_node('127.0.0.1', " . $new->port . ')');
is($new->safe_psql('postgres', $rows), $cluster->sql($rows), 'statistics on the new node');
like($new->safe_psql('postgres', $rows), qr/^p\|v\|t\|/m, 'of a partitioned table, too');
is($new->safe_psql('postgres', $size), '3000', 'size on the new node');
done_testing();
