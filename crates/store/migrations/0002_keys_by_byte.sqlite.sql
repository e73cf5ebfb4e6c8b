-- SQLite compares text byte by byte already; see the other half of this migration.
SELECT 1;
