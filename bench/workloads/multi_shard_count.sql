SELECT count(*) FROM kv;
