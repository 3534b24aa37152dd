using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using DuckDB.NET.Data;

namespace LakePortal.Engine.Queries.Analysis;

/// <summary>
/// Turns SQL into parse trees and back, and computes constant expressions, in a private DuckDB that has no files, no tables and no
/// settings to change.
/// </summary>
internal sealed class SqlParser : IDisposable
{
    // Deep enough for DuckDB's own limit of 1000 nested expressions, small enough for the stack.
    private static readonly JsonDocumentOptions JsonOptions = new() { MaxDepth = 4000 };

    private readonly DuckDBConnection _root;
    private readonly ConcurrentBag<DuckDBConnection> _idle = [];

    public SqlParser()
    {
        _root = new DuckDBConnection("DataSource=:memory:");
        _root.Open();
        using var command = _root.CreateCommand();
        command.CommandText = """
            SET threads=1; SET memory_limit='256MB'; SET temp_directory=''; SET TimeZone='UTC';
            SET autoinstall_known_extensions=false; SET autoload_known_extensions=false;
            SET enable_external_access=false; SET lock_configuration=true;
            """;
        command.ExecuteNonQuery();
    }

    /// <summary>The statement node (<c>{node, named_param_map}</c>) of exactly one SELECT-class statement.</summary>
    /// <param name="sql">Text.</param>
    /// <param name="offset">Where the text starts in what the user wrote, to report places in that.</param>
    /// <param name="whole">What the user wrote.</param>
    public JsonObject ParseSelect(string sql, int offset, string whole)
    {
        if (sql.Contains('\0', StringComparison.Ordinal))
        {
            throw new SqlSyntaxException("the text contains a NUL character", null, null);
        }

        if (string.IsNullOrWhiteSpace(sql))
        {
            throw new SqlSyntaxException("the statement is empty", null, null);
        }

        var root = ParseJson(Call("SELECT json_serialize_sql($1::VARCHAR)", sql));
        if (root.Flag("error"))
        {
            throw Failure(root, sql, offset, whole);
        }

        if (root["statements"] is not JsonArray { Count: > 0 } statements || statements[0] is not JsonObject statement)
        {
            throw new SqlSyntaxException("the statement is empty", null, null);
        }

        if (statements.Count > 1)
        {
            throw new StatementRefusedException($"{statements.Count} statements were given, one is allowed.", "Run them one by one, without the ';' between them.");
        }

        return statement;
    }

    public string ToSql(JsonObject statement)
    {
        var root = new JsonObject { ["error"] = false, ["statements"] = new JsonArray(statement.DeepClone()) };
        return Call("SELECT json_deserialize_sql($1::VARCHAR::JSON)", root.ToJsonString());
    }

    /// <summary>Values of a row of trusted or gated constant expressions; null when computing them fails.</summary>
    public IReadOnlyList<object?>? TryEvaluate(string select)
    {
        var connection = Take();
        try
        {
            using var command = connection.CreateCommand();
            command.CommandText = select;
            using var reader = command.ExecuteReader();
            if (!reader.Read())
            {
                return null;
            }

            return [.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetValue(i))];
        }
        catch (DuckDBException)
        {
            // A constant that does not compute is no ground for pruning; the query itself will report it.
            return null;
        }
        finally
        {
            _idle.Add(connection);
        }
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var connection))
        {
            connection.Dispose();
        }

        _root.Dispose();
    }

    private static Exception Failure(JsonObject root, string sql, int offset, string whole)
    {
        var message = root.Text("error_message");
        if (ErrorTexts.IsTooDeep(message))
        {
            return new StatementTooDeepException();
        }

        if (root.Text("error_type") == "not implemented")
        {
            return new StatementRefusedException(
                "Only queries are allowed here: SELECT, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW TABLES, EXPLAIN.",
                message.Contains("parameter", StringComparison.OrdinalIgnoreCase)
                    ? "Use named parameters only ($name)."
                    : "Write tables with a pipeline; settings, files and other databases cannot be reached from queries. A PIVOT needs its values listed: PIVOT … ON x IN (…).");
        }

        if (int.TryParse(root.Text("position"), out var position))
        {
            var prefix = whole[..offset].EnumerateRunes().Count();
            var (line, column) = SqlText.Place(whole, prefix + position);
            return new SqlSyntaxException(message, line, column);
        }

        return message.Contains("NameListToString", StringComparison.Ordinal)
            ? new StatementRefusedException("A table name has more than two parts.", "Write namespace.table.")
            : new SqlSyntaxException(ErrorTexts.FirstLine(message), null, null);
    }

    private static JsonObject ParseJson(string json)
    {
        try
        {
            return JsonNode.Parse(json, documentOptions: JsonOptions)!.AsObject();
        }
        catch (JsonException e)
        {
            // DuckDB writes Infinity and NaN literals bare, and nests without limit.
            throw e.Message.Contains("depth", StringComparison.OrdinalIgnoreCase)
                ? new StatementTooDeepException()
                : new StatementRefusedException("The statement contains a number out of range.", "Write 'Infinity'::DOUBLE instead.");
        }
    }

    private string Call(string text, string argument)
    {
        var connection = Take();
        try
        {
            using var command = connection.CreateCommand();
            command.CommandText = text;
            command.Parameters.Add(new DuckDBParameter(argument));
            return (string)command.ExecuteScalar()!;
        }
        catch (DuckDBException e)
        {
            throw ErrorTexts.IsTooDeep(e.Message)
                ? new StatementTooDeepException()
                : new StatementRefusedException("The statement could not be analysed: " + ErrorTexts.FirstLine(e.Message), "Simplify it, or break it up with WITH.");
        }
        finally
        {
            _idle.Add(connection);
        }
    }

    private DuckDBConnection Take()
    {
        if (_idle.TryTake(out var connection))
        {
            return connection;
        }

        connection = _root.Duplicate();
        connection.Open();
        return connection;
    }
}
