namespace LakePortal.Ingestion.Sources.Postgres;

/// <summary>Every statement that is sent to a source's catalogs.</summary>
internal static class PgCatalogSql
{
    /// <summary>Tables, partition roots and views outside the system's and extensions' own; sizes and statistics include partitions and inheritors.</summary>
    public const string Tables =
        """
        WITH RECURSIVE roots AS (
          SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind, c.relispartition
          FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
            AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
            AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
            AND ($1::text IS NULL OR (n.nspname = $1 AND c.relname = $2))
        ), tree AS (
          SELECT oid AS root, oid FROM roots
          UNION
          SELECT t.root, i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
        ), sums AS (
          SELECT t.root,
                 sum(CASE WHEN c.relkind IN ('r', 'm') AND c.reltuples >= 0 THEN c.reltuples END)::float8 AS rows,
                 coalesce(sum(CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_table_size(c.oid) END), 0)::int8 AS bytes,
                 sum(s.n_tup_upd + s.n_tup_del)::float8 AS changes
          FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.oid LEFT JOIN pg_catalog.pg_stat_user_tables s ON s.relid = t.oid
          GROUP BY t.root
        )
        SELECT r.oid, r.schema, r.name, r.relkind, s.rows, s.bytes,
               s.changes / greatest(extract(epoch FROM (now() - coalesce((SELECT stats_reset FROM pg_catalog.pg_stat_database WHERE datname = current_database()), pg_catalog.pg_postmaster_start_time()))) / 3600.0, 1)::float8,
               r.relkind <> 'p' AND EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE i.inhparent = r.oid),
               pg_catalog.has_schema_privilege(r.schema, 'USAGE') AND pg_catalog.has_table_privilege(r.oid, 'SELECT')
        FROM roots r JOIN sums s ON s.root = r.oid
        ORDER BY r.schema COLLATE "C", r.name COLLATE "C"
        """;

    public const string Columns =
        """
        SELECT a.attrelid, a.attnum, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated <> ''
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attrelid, a.attnum
        """;

    /// <summary>The columns' types with the bases of domains and the elements of arrays, all the way down.</summary>
    public const string Types =
        """
        WITH RECURSIVE need(oid) AS (
          SELECT DISTINCT a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
          UNION
          SELECT v.x FROM need JOIN pg_catalog.pg_type t ON t.oid = need.oid, LATERAL (VALUES (t.typbasetype), (t.typelem)) v(x) WHERE v.x <> 0
        )
        SELECT t.oid, n.nspname::text, t.typname::text, t.typtype, t.typbasetype, t.typtypmod, t.typelem, t.typlen = -1 AND t.typelem <> 0 AND t.typcategory = 'A' AND t.typname NOT IN ('int2vector', 'oidvector')
        FROM need JOIN pg_catalog.pg_type t ON t.oid = need.oid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        """;

    /// <summary>Candidate keys: immediate, complete unique indexes over not-null columns; the primary key first, then the replica identity, then the narrowest.</summary>
    public const string Keys =
        """
        SELECT DISTINCT ON (i.indrelid) i.indrelid,
               (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, n) JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum WHERE k.n <= i.indnkeyatts)
        FROM pg_catalog.pg_index i
        WHERE i.indrelid = ANY ($1) AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
          AND NOT EXISTS (SELECT 1 FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, n) JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                          WHERE k.n <= i.indnkeyatts AND NOT a.attnotnull)
        ORDER BY i.indrelid, i.indisprimary DESC, i.indisreplident DESC, i.indnkeyatts, i.indexrelid
        """;

    /// <summary>
    /// Every heap below a table, itself included. relfilenode is read in the transaction's snapshot, pg_relation_filenode() as of now: they differ when
    /// the table was truncated or rewritten in between, which PostgreSQL shows to older snapshots as an empty table.
    /// </summary>
    public const string Heaps =
        """
        WITH RECURSIVE tree(oid) AS (
          SELECT $1::oid
          UNION
          SELECT i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
        )
        SELECT c.oid, n.nspname::text, c.relname::text, c.relkind, pg_catalog.pg_relation_filenode(c.oid), pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int8,
               c.reltuples::float8, pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'), c.relrowsecurity,
               coalesce(c.relfilenode <> 0 AND c.relfilenode <> pg_catalog.pg_relation_filenode(c.oid), c.relkind IN ('r', 'm'))
        FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind <> 'p'
        ORDER BY c.oid
        """;

    /// <summary>The log position comes before the snapshot is taken: whatever committed after it is in the log behind it, so replaying from there repeats and never misses.</summary>
    public const string Position =
        "SELECT (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END)::text";

    /// <summary>Logical slots need their log level, a role that may replicate, and (before version 16) a server that is no standby.</summary>
    public const string CanMakeSlots =
        """
        SELECT pg_catalog.current_setting('wal_level') = 'logical' AND NOT pg_catalog.pg_is_in_recovery()
           AND coalesce((SELECT rolreplication OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user), false)
        """;

    public const string ExportSnapshot =
        """
        SELECT pg_catalog.pg_export_snapshot(), pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot()), pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()),
               (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
        """;

    /// <summary>What reading the log needs, and what a slot has come to.</summary>
    public const string ServerForCapture =
        """
        SELECT pg_catalog.current_setting('wal_level'), pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('max_replication_slots')::int, (SELECT count(*)::int FROM pg_catalog.pg_replication_slots),
               coalesce((SELECT rolreplication OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user), false),
               (SELECT system_identifier::text FROM pg_catalog.pg_control_system()), (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()),
               pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'), pg_catalog.current_setting('server_version_num')::int,
               (SELECT slot_name::text FROM pg_catalog.pg_replication_slots WHERE NOT active AND NOT temporary ORDER BY pg_catalog.pg_wal_lsn_diff('0/0', restart_lsn) DESC LIMIT 1)
        """;

    public const string Slot =
        """
        SELECT active, active_pid, database::text, plugin::text, restart_lsn::text, confirmed_flush_lsn::text, wal_status, safe_wal_size,
               CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn)::int8 END
        FROM pg_catalog.pg_replication_slots WHERE slot_name = $1
        """;

    public const string CreateSlot = "SELECT lsn::text FROM pg_catalog.pg_create_logical_replication_slot($1, 'pgoutput')";

    public const string DropSlot = "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots WHERE slot_name = $1 AND NOT active";

    public const string Publication = "SELECT pubviaroot, pubinsert AND pubupdate AND pubdelete AND pubtruncate, puballtables, pg_catalog.pg_has_role(pubowner, 'USAGE') FROM pg_catalog.pg_publication WHERE pubname = $1";

    public const string PublicationTables =
        "SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid JOIN pg_catalog.pg_class c ON c.oid = r.prrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE p.pubname = $1";

    /// <summary>Of these tables those whose changes the publication sends, however it names them.</summary>
    public const string Published =
        "SELECT p.schemaname::text, p.tablename::text FROM pg_catalog.pg_publication_tables p JOIN unnest($2::text[], $3::text[]) AS w(schema, name) ON p.schemaname = w.schema AND p.tablename = w.name WHERE p.pubname = $1";

    /// <summary>A word of our own in the log: it makes an idle database's log move on, so that the slot does not hold back what others write.</summary>
    public const string Heartbeat = "SELECT pg_catalog.pg_logical_emit_message(false, 'lakeportal', 'heartbeat')::text";

    /// <summary>How rows are told apart in the log, and whether that is enough for changes to be made at all once the table is published.</summary>
    public const string Identity =
        """
        WITH RECURSIVE tree(oid) AS (SELECT $1::oid UNION SELECT i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid JOIN pg_catalog.pg_class p ON p.oid = t.oid AND p.relkind = 'p')
        SELECT c.relkind, c.relpersistence, c.relkind = 'r' AND EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid),
               (SELECT array_agg(format('%I.%I', n.nspname, h.relname) ORDER BY h.oid) FROM tree t JOIN pg_catalog.pg_class h ON h.oid = t.oid JOIN pg_catalog.pg_namespace n ON n.oid = h.relnamespace
                WHERE h.relkind IN ('r', 'p') AND (h.relreplident = 'n' OR (h.relreplident = 'd' AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = h.oid AND i.indisprimary))))
        FROM pg_catalog.pg_class c WHERE c.oid = $1
        """;

    /// <summary>Where the next record will be written: what is committed now is before it.</summary>
    public const string InsertPosition =
        "SELECT (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_insert_lsn() END)::text";

    /// <summary>No crash of the server takes away what is before it.</summary>
    public const string FlushedPosition =
        "SELECT (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_flush_lsn() END)::text";

    public const string SlotsLeft =
        """
        SELECT pg_catalog.current_setting('max_replication_slots')::int, (SELECT count(*)::int FROM pg_catalog.pg_replication_slots),
               (SELECT slot_name::text FROM pg_catalog.pg_replication_slots WHERE NOT active AND NOT temporary ORDER BY pg_catalog.pg_wal_lsn_diff('0/0', restart_lsn) DESC LIMIT 1)
        """;

    public const string FormatType = "SELECT coalesce(pg_catalog.format_type($1, $2), 'unknown')";

    /// <summary>What tells that rows of these tables changed without being in the log.</summary>
    public const string Watch =
        """
        SELECT n.nspname::text, c.relname::text, c.oid,
               (WITH RECURSIVE tree(oid) AS (SELECT c.oid UNION SELECT i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid)
                SELECT string_agg(h.oid || ':' || pg_catalog.pg_relation_filenode(h.oid), ' ' ORDER BY h.oid) FROM tree t JOIN pg_catalog.pg_class h ON h.oid = t.oid WHERE h.relkind <> 'p'),
               string_agg(a.attnum || ':' || a.xmin, ' ' ORDER BY a.attnum),
               coalesce(array_agg(a.attnum ORDER BY a.attnum) FILTER (WHERE a.attgenerated = ''), '{}'), coalesce(array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = ''), '{}'),
               coalesce(array_agg(a.atthasmissing OR a.atthasdef OR a.attidentity <> '' ORDER BY a.attnum) FILTER (WHERE a.attgenerated = ''), '{}')
        FROM unnest($1::text[], $2::text[]) AS w(schema, name) JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        GROUP BY n.nspname, c.relname, c.oid
        """;

    public const string TypesByOid =
        """
        WITH RECURSIVE need(oid) AS (
          SELECT unnest($1::oid[])
          UNION
          SELECT v.x FROM need JOIN pg_catalog.pg_type t ON t.oid = need.oid, LATERAL (VALUES (t.typbasetype), (t.typelem)) v(x) WHERE v.x <> 0
        )
        SELECT t.oid, n.nspname::text, t.typname::text, t.typtype, t.typbasetype, t.typtypmod, t.typelem, t.typlen = -1 AND t.typelem <> 0 AND t.typcategory = 'A' AND t.typname NOT IN ('int2vector', 'oidvector')
        FROM need JOIN pg_catalog.pg_type t ON t.oid = need.oid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        """;

    public const string LogDistance = "SELECT pg_catalog.pg_wal_lsn_diff($1::text::pg_lsn, $2::text::pg_lsn)::int8";
}
