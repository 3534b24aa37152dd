using System.Security.Cryptography;

namespace LakePortal.Kernel.Hosting;

/// <summary>Names this installation (data directory) among the portals that share a control database. Survives restarts.</summary>
public sealed class NodeIdentity
{
    public NodeIdentity(LakePaths paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        try
        {
            Directory.CreateDirectory(paths.Data);
            if (!File.Exists(paths.NodeFile))
            {
                File.WriteAllText(paths.NodeFile, RandomNumberGenerator.GetHexString(16, lowercase: true));
            }

            Id = File.ReadAllText(paths.NodeFile).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataDirectoryException(
                "kernel.data-directory", $"The data directory {paths.Data} cannot be used: {error.Message}", "Start as its owner, or name another with --data.", error);
        }

        if (Id.Length == 0)
        {
            throw new DataDirectoryException("kernel.node-id", $"{paths.NodeFile} is empty.", "Delete it to get a new node id.");
        }
    }

    public string Id { get; }
}
