using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace LakePortal.Ingestion.Tests.Capture;

/// <summary>A network between the lake and its source that can be cut: nothing goes through any more, and nobody is told.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<Socket, bool> _sockets = new();
    private readonly Task _accepting;
    private volatile TaskCompletionSource _open = Opened();

    public TcpProxy(int target)
    {
        Target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Port that connections from now on lead to.</summary>
    public int Target { get; set; }

    /// <summary>What is sent stays on the way, in both directions; new connections are made, and silent.</summary>
    public void Cut() => _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>New connections get through; the old ones are gone, as routers forget them.</summary>
    public void Heal()
    {
        CloseAll();
        var cut = _open;
        _open = Opened();
        _ = cut.TrySetResult();
    }

    public void CloseAll()
    {
        foreach (var socket in _sockets.Keys)
        {
            if (_sockets.TryRemove(socket, out _))
            {
                socket.Dispose();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        CloseAll();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            var near = await _listener.AcceptSocketAsync(_end.Token);
            near.NoDelay = true;
            _ = _sockets.TryAdd(near, true);
            _ = Task.Run(() => ConnectAsync(near));
        }
    }

    private async Task ConnectAsync(Socket near)
    {
        var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _ = _sockets.TryAdd(far, true);
        try
        {
            await _open.Task.WaitAsync(_end.Token);
            await far.ConnectAsync(IPAddress.Loopback, Target, _end.Token);
            await Task.WhenAny(PumpAsync(near, far), PumpAsync(far, near));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Either end is gone, and so is the other then.
        }
        finally
        {
            foreach (var socket in new[] { near, far })
            {
                _ = _sockets.TryRemove(socket, out _);
                socket.Dispose();
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReceiveAsync(buffer, _end.Token) is var read and > 0)
        {
            await _open.Task.WaitAsync(_end.Token);
            for (var sent = 0; sent < read;)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _end.Token);
            }
        }
    }
}
