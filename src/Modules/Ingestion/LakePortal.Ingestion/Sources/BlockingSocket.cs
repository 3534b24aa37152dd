using System.Net.Sockets;

namespace LakePortal.Ingestion.Sources;

/// <summary>Sockets for clients whose calls block. Blocking from the first call on: a socket that was once used asynchronously takes a detour over the event loop for each wait.</summary>
internal static class BlockingSocket
{
    /// <param name="open">Connects and signs in; owns the socket when it has returned.</param>
    public static async Task<T> OpenAsync<T>(Func<Socket, T> open, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            return await Task.Run(() => open(socket), CancellationToken.None).WaitAsync(timeout, cancellationToken);
        }
        catch
        {
            // Also ends the attempt that is still going on.
            socket.Dispose();
            throw;
        }
    }
}
