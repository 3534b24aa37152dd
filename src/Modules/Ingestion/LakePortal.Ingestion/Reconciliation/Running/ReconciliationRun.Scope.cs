using System.Globalization;
using LakePortal.Engine.Writing;
using LakePortal.Ingestion.Capture.DeadLetters;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Reconciliation.Comparison;
using LakePortal.Ingestion.Reconciliation.Rolling;
using LakePortal.Kernel.Runs;

namespace LakePortal.Ingestion.Reconciliation.Running;

/// <summary>Comparing a part of a table: its keys are listed first, then compared as ranges are.</summary>
internal sealed partial class ReconciliationRun
{
    private async Task<(KeyParts Keys, IReadOnlyList<KeptLetter> Letters)> KeysAsync(
        RollingScope scope, RollingReader reader, IStagingArea area, RollingComparison comparison, CancellationToken cancellationToken)
    {
        var table = comparison.Table;
        if (!KeyFetch.IsPossible(table))
        {
            throw new ReconciliationNotPossibleException(request.Sync.Name, "its rows cannot be asked for by their keys", $"Compare the whole table: ./lake reconcile {request.Sync.Name} --repair");
        }

        return scope switch
        {
            ValueWindow window => (await WindowAsync(window, reader, area, comparison, cancellationToken), []),
            LetterKeys letters => await LettersAsync(letters, comparison, cancellationToken),
            _ => throw new InvalidOperationException($"No part of a table is {scope.GetType().Name}."),
        };
    }

    /// <summary>Keys of the rows that have the value in the window on either side. What comes into it later, or leaves it, does so by a change that is captured.</summary>
    private async Task<KeyParts> WindowAsync(ValueWindow window, RollingReader reader, IStagingArea area, RollingComparison comparison, CancellationToken cancellationToken)
    {
        var table = comparison.Table;
        var column = window.Column is not { } name ? table.Key[0]
            : table.Columns.FirstOrDefault(c => c.Plan.Source.Name == name) ?? throw new ReconciliationNotPossibleException(request.Sync.Name, $"it has no column '{name}' that is loaded", $"Its columns are {string.Join(", ", table.Columns.Select(c => c.Plan.Source.Name))}.");
        if (!column.IsOrdered || column.IsRetold || column.LakeType is null)
        {
            throw new ReconciliationNotPossibleException(request.Sync.Name, $"values of '{column.Plan.Source.Name}' have no order that both sides share", "Name another column, or leave it out to use the key.");
        }

        foreach (var end in new[] { window.From, window.To }.OfType<string>())
        {
            if ((await Sql.QueryAsync(comparison.Connection, $"SELECT {column.Parsed(Sql.Literal(end))} IS NOT NULL", r => r.GetBoolean(0), cancellationToken))[0] is false)
            {
                throw new ReconciliationNotPossibleException(request.Sync.Name, $"'{end}' is no value of '{column.Plan.Source.Name}' ({column.Plan.Source.DisplayType})", "Write it as the source prints it, e.g. 2024-01-31 or 1000.");
            }
        }

        var interval = new KeyInterval(window.From, window.To);
        var byColumn = table with { Key = [column] };
        var keyPlan = new TablePlan([.. table.Key.Select(k => k.Plan)]);
        await using var rows = await RollingRows.OpenAsync(area, keyPlan, cancellationToken);
        await reader.CopyAsync(keyPlan, KeyRanges.SourceCondition(byColumn, interval), rows, cancellationToken);
        var source = string.Join(", ", table.Key.Select((k, i) => $"{(k with { Index = i }).Source()} AS {ComparedTable.KeyName(i)}"));
        var lake = $"SELECT {table.LakeKey()} FROM {comparison.Lake} AS l WHERE {KeyRanges.LakeCondition(byColumn, [interval])}";
        return await KeyParts.ChooseAsync(comparison.Connection, table, $"SELECT {source} FROM {RollingRows.Table} UNION ALL {lake}", cancellationToken);
    }

    private async Task<(KeyParts Keys, IReadOnlyList<KeptLetter> Letters)> LettersAsync(LetterKeys scope, RollingComparison comparison, CancellationToken cancellationToken)
    {
        var table = comparison.Table;
        var letters = await services.DeadLetters.ReadAsync(request.Sync, isOpenOnly: true, scope.Positions, null, null, cancellationToken);
        if (letters.Count == 0)
        {
            throw new NoDeadLettersException(request.Sync.Name);
        }

        List<KeptLetter> known = [];
        List<string> values = [];
        var names = string.Join(", ", table.Key.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"v{i}")));
        foreach (var letter in letters)
        {
            if (KeyOf(table, letter) is { } key && key.All(v => v is not null))
            {
                known.Add(letter);
                values.Add($"({string.Join(", ", key.Select(v => Sql.Literal(v!)))})");
            }
        }

        if (known.Count < letters.Count)
        {
            progress.Note($"{letters.Count - known.Count} letters do not say which row they are of: ./lake reconcile {request.Sync.Name} --repair finds it.", RunLogLevel.Warning);
        }

        var select = values.Count == 0
            ? $"SELECT {table.LakeKey()} FROM {comparison.Lake} AS l WHERE false"
            : $"SELECT {string.Join(", ", table.Key.Select((k, i) => string.Create(CultureInfo.InvariantCulture, $"{k.Parsed($"v{i}")} AS {ComparedTable.KeyName(i)}")))} FROM (VALUES {string.Join(", ", values)}) AS k({names})";
        return (await KeyParts.ChooseAsync(comparison.Connection, table, select, cancellationToken), known);
    }

    private static List<string?>? KeyOf(ComparedTable table, KeptLetter letter)
    {
        var row = letter.Row;
        return table.Key.All(k => row.ContainsKey(k.Name)) ? [.. table.Key.Select(k => row[k.Name]?.GetValue<string>())] : null;
    }

    /// <summary>Letters whose rows are equal now are closed.</summary>
    private async Task SettleLettersAsync(RollingComparison comparison, RollingState state, CancellationToken cancellationToken)
    {
        if (state.Letters.Count == 0)
        {
            return;
        }

        var table = comparison.Table;
        var keys = await comparison.CanonicalAsync([.. state.Letters.Select(l => (IReadOnlyList<string?>)KeyOf(table, l)!)], cancellationToken);
        var equal = state.Letters.Where((_, i) => keys[i] is { } key && !state.Differing.Contains(key)).ToList();
        var read = await services.DeadLetters.SettleAsync(request.Sync, equal, table.LakePlan, table.Source, [.. table.Key.Select(k => k.Name)], request.RunId, cancellationToken);
        state.Found.Notes.Add(string.Create(CultureInfo.InvariantCulture,
            $"{equal.Count} of {state.Letters.Count} dead letters are closed: {read} are in {request.Sync.Raw} as the changes that they were, of {equal.Count - read} the row was taken from the source."));
        if (equal.Count < state.Letters.Count)
        {
            state.Found.Notes.Add($"The others hold values that the lake's types still cannot: ./lake sync {request.Sync.Name} --mode rebuild makes such columns text.");
        }
    }
}
