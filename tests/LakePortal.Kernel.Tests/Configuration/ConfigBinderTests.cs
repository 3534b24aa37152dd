using System.Text.Json.Nodes;
using FsCheck.Xunit;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;

namespace LakePortal.Kernel.Tests.Configuration;

public sealed class ConfigBinderTests
{
    internal enum Mode
    {
        Batch,
        [ConfigName("bootstrap+cdc")]
        BootstrapCdc,
        OverwritePartitions,
    }

    internal sealed record Rest(string Url, int? MaxPages);

    internal sealed record Flow(
        string Name, Mode Mode, IReadOnlyList<string> Tables, string? Cursor = null, int Parallel = 2, TimeSpan? Timeout = null, ByteSize? Limit = null,
        Rest? From = null, IReadOnlyDictionary<string, string>? Params = null)
    {
        public bool Paused { get; init; }

        public JsonObject? Extra { get; init; }
    }

    private static ConfigDocument Read(string yaml)
    {
        List<InputFault> faults = [];
        var document = Assert.Single(ConfigYamlReader.Read(new ConfigText("flow.yaml", yaml), faults));
        Assert.Empty(faults);
        return document;
    }

    private static IReadOnlyList<InputFault> FaultsOf(string yaml) =>
        Assert.Throws<InvalidInputException>(() => ConfigBinder.Bind<Flow>(Read(yaml))).Faults;

    [Fact]
    public void A_full_document_becomes_the_record()
    {
        var flow = ConfigBinder.Bind<Flow>(Read("""
            kind: flow
            name: shop
            mode: bootstrap+cdc
            tables: [public.orders, "public.Odd Name"]
            parallel: 4
            timeout: 90s
            limit: 64MB
            from: {url: "https://example.org/a", max_pages: 3}
            params:
              day: today
            paused: true
            extra: {a: [1, 2.50]}
            """));
        Assert.Equal(Mode.BootstrapCdc, flow.Mode);
        Assert.Equal(["public.orders", "public.Odd Name"], flow.Tables);
        Assert.Equal((4, TimeSpan.FromSeconds(90), 64L << 20), (flow.Parallel, flow.Timeout!.Value, flow.Limit!.Value.Bytes));
        Assert.Equal(new Rest("https://example.org/a", 3), flow.From);
        Assert.Equal("today", flow.Params!["day"]);
        Assert.True(flow.Paused);
        Assert.Equal("""{"a":[1,2.50]}""", flow.Extra!.ToJsonString());
    }

    [Fact]
    public void All_faults_come_at_once_with_their_places_and_what_would_be_right()
    {
        var faults = FaultsOf("""
            kind: flow
            name: 12
            mode: bach
            tables: public.orders
            paralel: 3
            timeout: 90 minutes
            from:
              ulr: x
            paused: "true"
            """);
        Assert.Equal(
            [
                ("flow.yaml:2:7", "'name' must be text."),
                ("flow.yaml:3:7", "'mode' is 'bach', which is none of batch, bootstrap+cdc, overwrite-partitions."),
                ("flow.yaml:4:9", "'tables' must be a list."),
                ("flow.yaml:5:1", "Unknown key 'paralel'."),
                ("flow.yaml:6:10", "'timeout' must be a duration."),
                ("flow.yaml:7:1", "The key 'url' is missing."),
                ("flow.yaml:8:3", "Unknown key 'ulr'."),
                ("flow.yaml:9:9", "'paused' must be true or false."),
            ],
            faults.Select(f => (f.Path, f.Message)).OrderBy(f => f.Path, StringComparer.Ordinal));
        Assert.Equal("Did you mean 'parallel'?", faults.Single(f => f.Message.Contains("paralel", StringComparison.Ordinal)).Hint);
        Assert.Equal("Did you mean 'batch'?", faults.Single(f => f.Message.Contains("bach", StringComparison.Ordinal)).Hint);
        Assert.Equal("Did you mean 'url'?", faults.Single(f => f.Message.Contains("ulr", StringComparison.Ordinal)).Hint);
    }

    [Fact]
    public void A_key_that_is_missing_has_the_place_of_its_mapping()
    {
        Assert.Contains(FaultsOf("\n\n# a comment\nkind: flow\nmode: batch"), f => f is { Path: "flow.yaml:4:1", Message: "The key 'name' is missing." });
        Assert.Contains(FaultsOf("kind: flow\nname: a\nmode:"), f => f.Path == "flow.yaml:3:1");
    }

    [Fact]
    public void Without_a_file_faults_name_the_path()
    {
        var document = new ConfigDocument("flow", JsonNode.Parse("""{"name":"a","mode":"batch","tables":["x",3]}""")!.AsObject(), null, new Dictionary<string, TextPosition>());
        var fault = Assert.Single(Assert.Throws<InvalidInputException>(() => ConfigBinder.Bind<Flow>(document)).Faults);
        Assert.Equal("tables[1]", fault.Path);
    }

    [Theory]
    [InlineData("kind: flow\nname: a\n  mode: b", "flow.yaml:3:7")]
    [InlineData("kind: flow\nname: [a", "flow.yaml:2:9")]
    [InlineData("kind: flow\nname: a\nname: b", "flow.yaml:3:1")]
    [InlineData("- a\n- b", "flow.yaml:1:1")]
    [InlineData("name: a", "flow.yaml:1:1")]
    public void Bad_yaml_is_a_fault_with_line_and_column(string yaml, string place)
    {
        List<InputFault> faults = [];
        ConfigYamlReader.Read(new ConfigText("flow.yaml", yaml), faults);
        Assert.Equal(place.Split(':')[..2], Assert.Single(faults).Path.Split(':')[..2]);
    }

    [Fact]
    public void A_bomb_of_aliases_is_refused()
    {
        var yaml = "kind: flow\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(1, 8).Select(i => $"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));
        List<InputFault> faults = [];
        Assert.Empty(ConfigYamlReader.Read(new ConfigText("flow.yaml", yaml), faults));
        Assert.Contains("too large", Assert.Single(faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Writing_leaves_defaults_out_and_reads_back_the_same()
    {
        var flow = new Flow("shop", Mode.OverwritePartitions, ["a"], Timeout: TimeSpan.FromDays(7), Limit: new ByteSize(3 << 10));
        var json = ConfigBinder.ToJson(flow);
        Assert.Equal("""{"name":"shop","mode":"overwrite-partitions","tables":["a"],"timeout":"7d","limit":"3KB"}""", json.ToJsonString());
        var again = ConfigBinder.Bind<Flow>(new ConfigDocument("flow", json, null, new Dictionary<string, TextPosition>()));
        Assert.Equal(json.ToJsonString(), ConfigBinder.ToJson(again).ToJsonString());
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("0123")]
    [InlineData("1.10")]
    [InlineData("")]
    [InlineData(" lead")]
    [InlineData("a: b # c")]
    [InlineData("SELECT 1\n  FROM x\nWHERE a = 'ü'")]
    [InlineData("ends\n")]
    [InlineData("trailing \nspace")]
    [InlineData("\ttab\r\nand\u0001control")]
    [InlineData("${secret:shop}")]
    [InlineData("0 */15 * * * ?")]
    public void Any_text_survives_writing_and_reading(string text) => AssertRoundTrip(text);

    [Property(MaxTest = 300)]
    public void Any_random_text_survives_writing_and_reading(FsCheck.NonNull<string> text)
    {
        // Lone surrogates and the other code points that YAML forbids cannot be in a file in the first place.
        AssertRoundTrip(string.Concat(text.Get.Where(c => !char.IsSurrogate(c) && c is not ('\uFFFE' or '\uFFFF'))));
    }

    [Fact]
    public void A_diff_names_each_changed_key_and_hides_what_may_be_a_secret()
    {
        var before = JsonNode.Parse("""{"name":"a","mode":"batch","from":{"url":"x"},"password":"hunter2"}""")!.AsObject();
        var after = JsonNode.Parse("""{"name":"a","mode":"cdc","from":{"url":"y"},"password":"${secret:a}","key":["id"]}""")!.AsObject();
        var change = ConfigDiff.Plan("sync", "a", before, after);
        Assert.Equal(ChangeAction.Update, change.Action);
        Assert.Equal(["mode: batch → cdc", "from.url: x → y", "password: ••• → ${secret:a}", "key: – → [\"id\"]"], change.Details);
        Assert.Equal(ChangeAction.Unchanged, ConfigDiff.Plan("sync", "a", before, before).Action);
    }

    private static void AssertRoundTrip(string text)
    {
        var yaml = ConfigYamlWriter.Write(new JsonObject { ["kind"] = "query", ["sql"] = text, ["list"] = new JsonArray(text, 1, 2.5m, true, null) });
        var document = Read(yaml);
        Assert.Equal(text, (string?)document.Content["sql"]);
        Assert.Equal(text, (string?)document.Content["list"]![0]);
        Assert.Equal("[1,2.5,true,null]", new JsonArray([.. document.Content["list"]!.AsArray().Skip(1).Select(n => n?.DeepClone())]).ToJsonString());
    }

    internal sealed record Twin<T>(string Name, T? Value, IReadOnlyList<int>? Sizes = null);

    /// <summary>Each closed type is bound for the first time by two threads at once.</summary>
    [Fact]
    public void A_type_that_two_threads_bind_first_can_be_bound_ever_after()
    {
        Type[] types = [typeof(int), typeof(long), typeof(double), typeof(decimal), typeof(bool), typeof(string), typeof(TimeSpan), typeof(DayOfWeek), typeof(ConfigBinderTests), typeof(Uri), typeof(Version), typeof(Type)];
        foreach (var shape in types.Select(t => typeof(Twin<>).MakeGenericType(t)))
        {
            using var together = new Barrier(2);
            var threads = Enumerable.Range(0, 2).Select(_ => new Thread(() =>
            {
                together.SignalAndWait();
                ConfigShape.Of(shape);
            })).ToList();
            threads.ForEach(t => t.Start());
            threads.ForEach(t => t.Join());
            Assert.NotNull(ConfigShape.Of(shape).Create(new Dictionary<string, object?> { ["name"] = "a" }));
        }
    }
}
