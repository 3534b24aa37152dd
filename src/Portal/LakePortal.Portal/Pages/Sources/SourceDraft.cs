using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using LakePortal.Ingestion.Contracts.Sources;

namespace LakePortal.Portal.Pages.Sources;

/// <summary>What was typed into the wizard. It becomes documents of the same shape as the YAML configuration.</summary>
public sealed class SourceDraft
{
    private string _type = "postgres";

    public string Name { get; set; } = "";

    /// <summary>The port follows it as long as it is the type's own.</summary>
    public string Type
    {
        get => _type;
        set
        {
            Port = Port == PortOf(_type) ? PortOf(value) : Port;
            _type = value;
        }
    }

    public string Host { get; set; } = "";

    public int Port { get; set; } = 5432;

    public string Database { get; set; } = "";

    public string Username { get; set; } = "";

    /// <summary>Goes into the secret store before anything else; never into a document, never back to the page.</summary>
    public string Password { get; set; } = "";

    /// <summary>The secret that the password was stored as. It stays the same when the source gets another name later.</summary>
    public string? StoredSecret { get; set; }

    public bool HasPassword => StoredSecret is not null;

    /// <summary>The source exists already: only tables are added.</summary>
    public bool IsSaved { get; set; }

    /// <summary>A whole server is one source, whose databases are the schemas of its tables.</summary>
    public bool IsServer => Type is "mysql" or "mariadb";

    public List<TableChoice> Choices { get; } = [];

    public string Schedule { get; set; } = "";

    public string TimeZone { get; set; } = "";

    public string NamePattern { get; set; } = "";

    public IEnumerable<TableChoice> Chosen => Choices.Where(c => c.IsChosen);

    public string SecretName => StoredSecret ?? $"{Name}-password";

    /// <summary>The password is a reference even for the test; the secret is stored first.</summary>
    public JsonObject SourceDocument()
    {
        var document = new JsonObject { ["name"] = Name };
        if (IsSaved)
        {
            return document;
        }

        document["type"] = Type;
        document["host"] = Host;
        document["port"] = Port;
        if (Database.Trim().Length > 0 || !IsServer)
        {
            document["database"] = Database;
        }

        document["username"] = Username;
        if (HasPassword)
        {
            document["password"] = $"${{secret:{SecretName}}}";
        }

        return document;
    }

    /// <summary>One sync document per table: the same mode, key and schedule for many would hide what each of them does.</summary>
    public IEnumerable<JsonObject> SyncDocuments()
    {
        foreach (var choice in Chosen)
        {
            var document = new JsonObject
            {
                ["source"] = Name,
                ["tables"] = new JsonArray(choice.Table.Schema + "." + choice.Table.Name),
                ["mode"] = choice.Mode,
            };
            if (NameOf(choice) is var name && name != $"{Name}_{choice.Table.Name}")
            {
                document["name"] = name;
            }

            if (choice.Cursor.Length > 0 && choice.Mode == "batch")
            {
                document["cursor"] = choice.Cursor;
            }

            // What follows changes needs no clock.
            if (Schedule.Trim().Length > 0 && !choice.Follows)
            {
                document["schedule"] = Schedule.Trim();
                if (TimeZone.Trim().Length > 0)
                {
                    document["timezone"] = TimeZone.Trim();
                }
            }

            yield return document;
        }
    }

    public string NameOf(TableChoice choice)
    {
        ArgumentNullException.ThrowIfNull(choice);
        var pattern = NamePattern.Trim().Length == 0 ? $"{Name}_{{table}}" : NamePattern.Trim();
        return pattern.Replace("{table}", choice.Table.Name, StringComparison.Ordinal).Replace("{schema}", choice.Table.Schema, StringComparison.Ordinal);
    }

    public string Yaml()
    {
        var text = new StringBuilder();
        if (!IsSaved)
        {
            Append(text, "source", SourceDocument());
        }

        foreach (var document in SyncDocuments())
        {
            Append(text, "sync", document);
        }

        return text.ToString().TrimEnd();
    }

    /// <summary>Faults of the connection step by field.</summary>
    public IReadOnlyDictionary<string, string> Faults()
    {
        var faults = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Name.Length == 0 || !Name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '-') || !char.IsAsciiLetterLower(Name[0]))
        {
            faults["name"] = "Lower-case letters, digits, _ and -, starting with a letter: it becomes part of table names.";
        }

        if (!IsSaved)
        {
            Required(faults, "host", Host, "The server's name or address.");
            if (!IsServer)
            {
                Required(faults, "database", Database, "The database to read from.");
            }

            Required(faults, "username", Username, "The user to sign in as.");
            if (Port is < 1 or > 65535)
            {
                faults["port"] = $"1 to 65535; {PortOf(Type)} unless the server was configured otherwise.";
            }
        }

        return faults;
    }

    private static int PortOf(string type) => type is "mysql" or "mariadb" ? 3306 : 5432;

    private static void Required(Dictionary<string, string> faults, string field, string value, string text)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            faults[field] = text;
        }
    }

    private static void Append(StringBuilder text, string kind, JsonObject document)
    {
        text.Append(text.Length == 0 ? "" : "---\n").Append(CultureInfo.InvariantCulture, $"kind: {kind}\n");
        foreach (var (key, value) in document)
        {
            text.Append(CultureInfo.InvariantCulture, $"{key}: {Value(value)}\n");
        }
    }

    private static string Value(JsonNode? node) => node switch
    {
        JsonArray items => $"[{string.Join(", ", items.Select(Value))}]",
        JsonValue value when value.TryGetValue<string>(out var text) => IsPlain(text) ? text : $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"",
        _ => node?.ToJsonString() ?? "null",
    };

    private static bool IsPlain(string text) => text.Length > 0 && char.IsAsciiLetter(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '+')
        && text is not ("true" or "false" or "null" or "yes" or "no" or "on" or "off");
}

public sealed class TableChoice(DiscoveredTable table)
{
    public DiscoveredTable Table { get; } = table;

    public bool IsChosen { get; set; }

    public string Mode { get; set; } = table.SuggestedMode;

    /// <summary>Its changes are read from the source's log.</summary>
    public bool Follows => Captures.CaptureWords.Follows(Mode);

    /// <summary>Views and foreign tables have no changes in the log.</summary>
    public bool CanFollow => Table.Kind is "table" or "partitioned table";

    /// <summary>Column for incremental loads; empty: every load reads everything.</summary>
    public string Cursor { get; set; } = "";
}
