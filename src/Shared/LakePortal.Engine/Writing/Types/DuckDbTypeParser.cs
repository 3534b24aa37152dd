using System.Globalization;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Writing.Types;

/// <summary>Reads DuckDB's type names, as DESCRIBE prints them, into the Iceberg type that stores every value of theirs.</summary>
internal sealed class DuckDbTypeParser
{
    private readonly string _text;
    private int _at;

    private DuckDbTypeParser(string text) => _text = text;

    public static IcebergType Parse(string text)
    {
        var parser = new DuckDbTypeParser(text);
        var type = parser.Type();
        parser.Blanks();
        return parser._at == text.Length ? type : throw new TypeNotStorableException(text);
    }

    private IcebergType Type()
    {
        Blanks();
        var type = Base();
        while (true)
        {
            Blanks();
            if (!Take('['))
            {
                return type;
            }

            // INTEGER[3]: Iceberg has no fixed length.
            while (char.IsAsciiDigit(Peek()))
            {
                _at++;
            }

            Expect(']');
            type = new ListType(0, type, ElementRequired: false);
        }
    }

    private IcebergType Base()
    {
        var start = _at;
        var name = Peek() == '"' ? Quoted() : Word();
        switch (name.ToUpperInvariant())
        {
            case "STRUCT" or "ROW":
                return Struct();
            case "MAP":
                Expect('(');
                var key = Type();
                Expect(',');
                var value = Type();
                Expect(')');
                return new MapType(0, key, 0, value, ValueRequired: false);
            case "DECIMAL" or "NUMERIC":
                return Decimal();
            case "ENUM":
                SkipArguments();
                return PrimitiveType.String;
            case "TIMESTAMP" or "TIME":
                var zoned = TakeWords("WITH", "TIME", "ZONE");
                return (name.Equals("TIMESTAMP", StringComparison.OrdinalIgnoreCase), zoned) switch
                {
                    (true, true) => PrimitiveType.TimestampTz,
                    (true, false) => PrimitiveType.Timestamp,

                    // The table format's time has no zone.
                    (false, true) => PrimitiveType.String,
                    (false, false) => PrimitiveType.Time,
                };
            default:
                return Simple(name) ?? throw new TypeNotStorableException(_text[start..]);
        }
    }

    private static PrimitiveType? Simple(string name) => name.ToUpperInvariant() switch
    {
        "BOOLEAN" => PrimitiveType.Boolean,
        "TINYINT" or "SMALLINT" or "INTEGER" or "UTINYINT" or "USMALLINT" => PrimitiveType.Int,
        "BIGINT" or "UINTEGER" => PrimitiveType.Long,
        "UBIGINT" => PrimitiveType.Decimal(20, 0),
        "HUGEINT" => PrimitiveType.Decimal(38, 0),
        "FLOAT" => PrimitiveType.Float,
        "DOUBLE" => PrimitiveType.Double,
        "DATE" => PrimitiveType.Date,
        "TIMESTAMP_S" or "TIMESTAMP_MS" => PrimitiveType.Timestamp,
        "TIMESTAMPTZ" => PrimitiveType.TimestampTz,
        "UUID" => PrimitiveType.Uuid,
        "BLOB" => PrimitiveType.Binary,

        // Text keeps every digit: nanoseconds do not fit microseconds, 129 bits do not fit 38 digits.
        "VARCHAR" or "JSON" or "TIMESTAMP_NS" or "TIMETZ" or "INTERVAL" or "BIT" or "UHUGEINT" or "BIGNUM" or "NULL" => PrimitiveType.String,
        _ => null,
    };

    private PrimitiveType Decimal()
    {
        Expect('(');
        var precision = Number();
        Expect(',');
        var scale = Number();
        Expect(')');
        return PrimitiveType.Decimal(precision, scale);
    }

    private StructType Struct()
    {
        Expect('(');
        var fields = new List<NestedField>();
        do
        {
            Blanks();
            var name = Peek() == '"' ? Quoted() : Word();
            fields.Add(new NestedField(0, name, Type()));
            Blanks();
        }
        while (Take(','));

        Expect(')');
        return new StructType(fields);
    }

    private void SkipArguments()
    {
        Blanks();
        if (!Take('('))
        {
            return;
        }

        while (_at < _text.Length && !Take(')'))
        {
            if (Take('\''))
            {
                // A doubled quote is a quote inside the text: it reads as two texts side by side.
                while (_at < _text.Length && !Take('\''))
                {
                    _at++;
                }
            }
            else
            {
                _at++;
            }
        }
    }

    private int Number()
    {
        Blanks();
        var start = _at;
        while (char.IsAsciiDigit(Peek()))
        {
            _at++;
        }

        return int.TryParse(_text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new TypeNotStorableException(_text);
    }

    private string Word()
    {
        var start = _at;
        while (char.IsLetterOrDigit(Peek()) || Peek() == '_')
        {
            _at++;
        }

        return _at > start ? _text[start.._at] : throw new TypeNotStorableException(_text);
    }

    private string Quoted()
    {
        var name = new System.Text.StringBuilder();
        Expect('"');
        while (_at < _text.Length)
        {
            var c = _text[_at++];
            if (c == '"' && !Take('"'))
            {
                return name.ToString();
            }

            name.Append(c);
        }

        throw new TypeNotStorableException(_text);
    }

    private bool TakeWords(params ReadOnlySpan<string> words)
    {
        var start = _at;
        foreach (var word in words)
        {
            Blanks();
            if (string.Compare(_text, _at, word, 0, word.Length, StringComparison.OrdinalIgnoreCase) != 0)
            {
                _at = start;
                return false;
            }

            _at += word.Length;
        }

        return true;
    }

    private char Peek() => _at < _text.Length ? _text[_at] : '\0';

    private bool Take(char c)
    {
        if (Peek() != c)
        {
            return false;
        }

        _at++;
        return true;
    }

    private void Expect(char c)
    {
        Blanks();
        if (!Take(c))
        {
            throw new TypeNotStorableException(_text);
        }
    }

    private void Blanks()
    {
        while (Peek() == ' ')
        {
            _at++;
        }
    }
}
