\echo Use "CREATE EXTENSION shardlite" to load this file. \quit
