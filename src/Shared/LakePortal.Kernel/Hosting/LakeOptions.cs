namespace LakePortal.Kernel.Hosting;

/// <summary>Section <c>Lake</c>: where things are.</summary>
public sealed record LakeOptions
{
    public const string SectionName = "Lake";

    /// <summary>The data directory; relative paths start at the working directory.</summary>
    public string Data { get; init; } = "./data";

    /// <summary>Root of the lake's tables: a directory. Empty: <c>&lt;data&gt;/lake</c>.</summary>
    public string Warehouse { get; init; } = "";
}

/// <summary>Absolute paths of everything that the process keeps on disk.</summary>
public sealed class LakePaths
{
    public LakePaths(LakeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Data = Path.GetFullPath(options.Data);
        Warehouse = options.Warehouse.Length == 0 ? Path.Combine(Data, "lake") : Path.GetFullPath(options.Warehouse);
    }

    public string Data { get; }

    public string Warehouse { get; }

    public string ControlDatabase => Path.Combine(Data, "control.db");

    public string Keys => Path.Combine(Data, "keys");

    public string MasterKey => Path.Combine(Data, "master.key");

    public string AdminToken => Path.Combine(Data, "admin.token");

    /// <summary>Scratch space; emptied at start.</summary>
    public string Temporary => Path.Combine(Data, "tmp");

    internal string LockFile => Path.Combine(Data, "portal.lock");

    internal string NodeFile => Path.Combine(Data, "node.id");
}
