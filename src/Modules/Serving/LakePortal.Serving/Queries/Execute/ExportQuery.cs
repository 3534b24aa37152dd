using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Engine.Queries;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Messaging;
using LakePortal.Serving.Contracts.Queries;
using LakePortal.Serving.Queries.Rows;
using MediatR;

namespace LakePortal.Serving.Queries.Execute;

internal sealed class ExportQueryValidator : IRequestValidator<ExportQuery>
{
    public IEnumerable<InputFault> Validate(ExportQuery request)
    {
        if (string.IsNullOrWhiteSpace(request.Sql))
        {
            yield return new InputFault("sql", "There is no statement.", "Write a SELECT.");
        }

        if (request.Format is not ("csv" or "tsv" or "jsonl"))
        {
            yield return new InputFault("format", $"There is no format '{request.Format}'.", "Use csv, tsv or jsonl.");
        }

        if (request.Limit < 0)
        {
            yield return new InputFault("limit", "'limit' must not be negative.", "Leave it out to get all rows.");
        }

        if (request.Engine is not (null or "local"))
        {
            yield return new InputFault("engine", $"There is no engine '{request.Engine}'.", "Only 'local' is available.");
        }
    }
}

internal sealed class ExportQueryHandler(QuerySession session) : IRequestHandler<ExportQuery, long>
{
    // Flushed to the reader whenever this much has gathered: memory stays flat however long the result is.
    private const int FlushAt = 64 * 1024;

    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public Task<long> Handle(ExportQuery request, CancellationToken cancellationToken) =>
        session.RunAsync(request.Sql, request.As, null, keep: true, async (query, _) =>
        {
            var buffer = new ArrayBufferWriter<byte>(FlushAt * 2);
            Func<IEnumerable<JsonNode?>, string>? line = request.Format switch
            {
                "csv" => cells => CsvText.Line(cells, request.UnixLines ? "\n" : "\r\n"),
                "tsv" => TsvText.Line,
                _ => null,
            };
            if (line is not null)
            {
                Append(buffer, line(query.Columns.Select(c => (JsonNode?)JsonValue.Create(c.Name))));
            }

            var (rows, limit) = (0L, request.Limit ?? long.MaxValue);
            await foreach (var batch in query.ReadAsync(cancellationToken))
            {
                using (batch)
                {
                    var cells = query.Columns.Select((c, i) => CellReader.Of(batch.Column(i), c.Type)).ToArray();
                    for (var row = 0; row < batch.Length && rows < limit; row++, rows++)
                    {
                        if (line is not null)
                        {
                            Append(buffer, line(cells.Select(cell => cell(row))));
                        }
                        else
                        {
                            AppendJson(buffer, query.Columns, cells, row);
                        }

                        if (buffer.WrittenCount >= FlushAt)
                        {
                            await request.Output.WriteAsync(buffer.WrittenMemory, cancellationToken);
                            buffer.ResetWrittenCount();
                        }
                    }
                }

                if (rows >= limit)
                {
                    break;
                }
            }

            await request.Output.WriteAsync(buffer.WrittenMemory, cancellationToken);
            await request.Output.FlushAsync(cancellationToken);
            return (rows, rows);
        }, cancellationToken);

    private static void Append(ArrayBufferWriter<byte> buffer, string text) => Encoding.UTF8.GetBytes(text, buffer);

    private static void AppendJson(ArrayBufferWriter<byte> buffer, IReadOnlyList<ResultColumn> columns, Func<int, JsonNode?>[] cells, int row)
    {
        using (var writer = new Utf8JsonWriter(buffer, Json))
        {
            writer.WriteStartObject();
            for (var i = 0; i < cells.Length; i++)
            {
                writer.WritePropertyName(columns[i].Name);
                if (cells[i](row) is { } value)
                {
                    value.WriteTo(writer);
                }
                else
                {
                    writer.WriteNullValue();
                }
            }

            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
    }
}
