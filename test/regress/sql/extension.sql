-- The extension is there, and its library was preloaded.
SELECT extname, extrelocatable FROM pg_extension WHERE extname = 'shardlite';
SELECT current_setting('shared_preload_libraries') LIKE '%shardlite%' AS preloaded;
