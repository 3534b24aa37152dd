namespace LakePortal.Portal.Api;

/// <summary>The body of a response whose headers are set when the first byte comes: an error before that can still be told as one.</summary>
internal sealed class FirstByteStream(HttpResponse response, Action start) : Stream
{
    private bool _started;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Start();
        await response.Body.WriteAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken)
    {
        Start();
        return response.Body.FlushAsync(cancellationToken);
    }

    public override void Flush() => throw new NotSupportedException("Responses are written asynchronously.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Responses are written asynchronously.");

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void Start()
    {
        if (!_started)
        {
            _started = true;
            start();
        }
    }
}
