using System.Globalization;
using System.Net;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Hosting;

namespace LakePortal.Portal.Hosting;

/// <summary>Where settings come from: <c>appsettings.json</c> at the repository's root, then environment variables (<c>Lake__Data</c>), then arguments.</summary>
internal static class PortalSettings
{
    private static readonly Dictionary<string, string> Switches = new(StringComparer.Ordinal)
    {
        ["--data"] = $"{LakeOptions.SectionName}:{nameof(LakeOptions.Data)}",
        ["--port"] = $"{PortalOptions.SectionName}:{nameof(PortalOptions.Port)}",
        ["--bind"] = $"{PortalOptions.SectionName}:{nameof(PortalOptions.Bind)}",
    };

    public static string ContentRoot() => AppContext.BaseDirectory;

    public static void Load(ConfigurationManager configuration, string[] args)
    {
        if (FindFile() is { } file)
        {
            configuration.AddJsonFile(file, optional: false, reloadOnChange: false);
        }

        configuration.AddEnvironmentVariables();
        configuration.AddCommandLine(args, Switches);
    }

    public static PortalOptions Options(IConfiguration configuration)
    {
        try
        {
            return configuration.GetSection(PortalOptions.SectionName).Get<PortalOptions>() ?? new PortalOptions();
        }
        catch (InvalidOperationException error)
        {
            throw new InvalidInputException(error.Message, "appsettings.json shows every key with its default; arguments are --data, --port, --bind.");
        }
    }

    public static string Url(PortalOptions options)
    {
        var host = options.Bind switch
        {
            "localhost" => "localhost",
            _ when IPAddress.TryParse(options.Bind, out var address) => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString(),
            _ => throw new InvalidInputException($"Portal:Bind is '{options.Bind}', which is no address.", "Use 127.0.0.1, 0.0.0.0 or an address of this machine."),
        };
        return options.Port is >= 0 and <= 65535
            ? string.Create(CultureInfo.InvariantCulture, $"http://{host}:{options.Port}")
            : throw new InvalidInputException($"Portal:Port is {options.Port}.", "Use 1 to 65535.");
    }

    /// <summary>What a killed process left there is of no use to anyone.</summary>
    public static void EmptyTemporary(LakePaths paths)
    {
        if (Directory.Exists(paths.Temporary))
        {
            Directory.Delete(paths.Temporary, recursive: true);
        }

        Directory.CreateDirectory(paths.Temporary);
    }

    /// <summary>Cookie keys and the control database are for the owner's eyes only; what else lies in the data directory may belong to other users.</summary>
    public static void MakePrivate(LakePaths paths, bool hasControlDatabaseFile)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Directory.CreateDirectory(paths.Keys, owner | UnixFileMode.UserExecute);
        File.SetUnixFileMode(paths.Keys, owner | UnixFileMode.UserExecute);
        if (!hasControlDatabaseFile)
        {
            return;
        }

        using (new FileStream(paths.ControlDatabase, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, UnixCreateMode = owner, Share = FileShare.ReadWrite }))
        {
            // SQLite gives its journal files the mode of this one.
        }

        File.SetUnixFileMode(paths.ControlDatabase, owner);
    }

    private static string? FindFile()
    {
        IEnumerable<string> places = Environment.GetEnvironmentVariable("LAKE_HOME") is { Length: > 0 } home ? [home] : [];
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            places = places.Append(directory.FullName);
        }

        return places.Select(p => Path.Combine(p, "appsettings.json")).FirstOrDefault(File.Exists);
    }
}
