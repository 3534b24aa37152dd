using System.Net;
using System.Text;
using LakePortal.Cli.Processes;

namespace LakePortal.Cli.Tests.Client;

/// <summary>Answers every request alike.</summary>
internal sealed class OneAnswerServer : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _loop;

    public OneAnswerServer(int status, string body)
    {
        Url = new Uri($"http://127.0.0.1:{FreePort.Find()}/");
        _listener.Prefixes.Add(Url.ToString());
        _listener.Start();
        _loop = Task.Run(async () =>
        {
            while (_listener.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await _listener.GetContextAsync();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                Authorization = context.Request.Headers["Authorization"];
                context.Response.StatusCode = status;
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
                context.Response.Close();
            }
        });
    }

    public Uri Url { get; }

    public string? Authorization { get; private set; }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _loop;
    }
}
