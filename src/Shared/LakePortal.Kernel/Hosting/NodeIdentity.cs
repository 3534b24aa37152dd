using System.Globalization;
using System.Security.Cryptography;

namespace LakePortal.Kernel.Hosting;

/// <summary>Names this installation (data directory) among the portals that share a control database. Survives restarts.</summary>
public sealed class NodeIdentity
{
    public NodeIdentity(LakePaths paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        Directory.CreateDirectory(paths.Data);
        if (!File.Exists(paths.NodeFile))
        {
            File.WriteAllText(paths.NodeFile, RandomNumberGenerator.GetHexString(16, lowercase: true));
        }

        Id = File.ReadAllText(paths.NodeFile).Trim();
        if (Id.Length == 0)
        {
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"{paths.NodeFile} is empty; delete it to get a new node id."));
        }
    }

    public string Id { get; }
}
