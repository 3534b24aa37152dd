namespace LakePortal.Engine.Queries.Analysis;

/// <summary>
/// Functions of DuckDB that queries may not call, with the reason. What is neither here nor in <c>AllowedFunctions.txt</c> is refused too; a test
/// compares both lists with <c>duckdb_functions()</c>, so that a new version of DuckDB cannot bring a function that nobody has looked at.
/// </summary>
internal static class RefusedFunctions
{
    private static readonly (string Reason, string[] Names)[] Groups =
    [
        ("it raises errors on demand, by which hidden rows could be told apart", ["error"]),
        ("it reads statistics of the stored data, hidden rows included", ["stats"]),
        ("it runs or translates SQL given as text", ["json_serialize_sql", "json_serialize_plan", "json_deserialize_sql"]),
        ("it shows the engine's own statement or session",
        [
            "current_query", "current_query_id", "current_connection_id", "current_transaction_id", "txid_current", "current_schema",
            "current_schemas", "current_database", "current_catalog", "current_role", "current_user", "session_user", "user", "in_search_path",
            "vector_type", "parse_duckdb_log_message", "get_block_size",
        ]),
        ("it reads settings, variables or the environment", ["current_setting", "getvariable", "getenv"]),
        ("it changes the session's or the database's state", ["setseed", "nextval", "currval", "write_log"]),
        ("it only burns time", ["sleep_ms", "pg_sleep"]),
        ("it asks about catalogs or privileges of PostgreSQL, which mean nothing here",
        [
            "col_description", "format_pg_type", "format_type", "has_any_column_privilege", "has_column_privilege", "has_database_privilege",
            "has_foreign_data_wrapper_privilege", "has_function_privilege", "has_language_privilege", "has_schema_privilege",
            "has_sequence_privilege", "has_server_privilege", "has_table_privilege", "has_tablespace_privilege", "inet_client_addr",
            "inet_client_port", "inet_server_addr", "inet_server_port", "map_to_pg_oid", "obj_description", "pg_collation_is_visible",
            "pg_conf_load_time", "pg_conversion_is_visible", "pg_function_is_visible", "pg_get_constraintdef", "pg_get_expr",
            "pg_get_viewdef", "pg_has_role", "pg_is_other_temp_schema", "pg_my_temp_schema", "pg_opclass_is_visible", "pg_operator_is_visible",
            "pg_opfamily_is_visible", "pg_postmaster_start_time", "pg_table_is_visible", "pg_ts_config_is_visible", "pg_ts_dict_is_visible",
            "pg_ts_parser_is_visible", "pg_ts_template_is_visible", "pg_type_is_visible", "shobj_description", "generate_subscripts",
        ]),
    ];

    private static readonly Dictionary<string, string> ByName = Groups
        .SelectMany(g => g.Names.Select(n => (n, g.Reason)))
        .ToDictionary(p => p.n, p => p.Reason, StringComparer.OrdinalIgnoreCase);

    /// <summary>DuckDB's own rewriting of columns for sorting and hashing; never written by people.</summary>
    public const string InternalPrefix = "__internal_";

    public static IReadOnlyCollection<string> Names => ByName.Keys;

    public static string? ReasonFor(string name) => ByName.GetValueOrDefault(name);
}
