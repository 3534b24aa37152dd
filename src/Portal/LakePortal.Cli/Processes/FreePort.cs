using System.Net;
using System.Net.Sockets;

namespace LakePortal.Cli.Processes;

internal static class FreePort
{
    /// <summary>A port that is free now; somebody else may still take it before it is used, so callers retry.</summary>
    public static int Find()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
