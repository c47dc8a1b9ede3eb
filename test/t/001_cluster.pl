# A cluster comes up, its nodes know the extension, it survives a restart.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ShardliteCluster;
use Test::More;

my $cluster = ShardliteCluster->new(workers => 1);
my $version = $cluster->sql("SELECT extversion FROM pg_extension WHERE extname = 'shardlite'");
isnt($version, '', 'the coordinator has the extension');
is( $cluster->worker(1)->safe_psql('postgres',
		"SELECT extversion FROM pg_extension WHERE extname = 'shardlite'"),
	$version, 'adding a node made the same version there');

$cluster->worker(1)->restart;
$cluster->coordinator->restart;
is($cluster->sql('SELECT 1'), '1', 'the coordinator is there after a restart');

my ($code, undef, $err) = $cluster->try_sql("SET shardlite.fault_point = 'no_such_point:error'");
isnt($code, 0, 'an unknown fault point is refused');
like($err, qr/fault_points\.txt/, 'the error says where the names are');

done_testing();
