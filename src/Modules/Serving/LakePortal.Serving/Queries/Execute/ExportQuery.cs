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

        if (request.Format is not ("csv" or "jsonl"))
        {
            yield return new InputFault("format", $"There is no format '{request.Format}'.", "Use csv or jsonl.");
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
            if (request.Format == "csv")
            {
                Append(buffer, CsvText.Line(query.Columns.Select(c => (JsonNode?)JsonValue.Create(c.Name))));
            }

            var rows = 0L;
            await foreach (var batch in query.ReadAsync(cancellationToken))
            {
                using (batch)
                {
                    var cells = query.Columns.Select((c, i) => CellReader.Of(batch.Column(i), c.Type)).ToArray();
                    for (var row = 0; row < batch.Length; row++, rows++)
                    {
                        if (request.Format == "csv")
                        {
                            Append(buffer, CsvText.Line(cells.Select(cell => cell(row))));
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
