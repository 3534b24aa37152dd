using System.Runtime.InteropServices;

namespace LakePortal.Engine.Native;

/// <summary>
/// Native memory for the strings of one chunk. DuckDB copies strings out of a chunk when it is appended, so they need to live no longer than
/// that; a bump allocator spares a call through the C API per string.
/// </summary>
internal sealed unsafe class StringArena : IDisposable
{
    private const int BlockSize = 256 * 1024;

    // One chunk of very long strings must not pin its memory for the rest of a load.
    private const long KeptBytes = 16 * 1024 * 1024;

    private readonly List<(nint Address, int Size)> _blocks = [];
    private int _current = -1;
    private byte* _next;
    private int _left;
    private bool _disposed;

    public byte* Allocate(int length)
    {
        if (length > _left)
        {
            Advance(length);
        }

        var result = _next;
        _next += length;
        _left -= length;
        return result;
    }

    public void Reset()
    {
        long kept = 0;
        for (var i = 0; i < _blocks.Count; i++)
        {
            kept += _blocks[i].Size;
            if (kept > KeptBytes)
            {
                Free(i);
                break;
            }
        }

        _current = -1;
        _left = 0;
        _next = null;
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            Free(0);
            _left = 0;
        }

        GC.SuppressFinalize(this);
    }

    ~StringArena() => Free(0);

    private void Advance(int length)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        while (++_current < _blocks.Count)
        {
            if (_blocks[_current].Size >= length)
            {
                Use(_blocks[_current]);
                return;
            }
        }

        var size = Math.Max(BlockSize, length);
        _blocks.Add(((nint)NativeMemory.Alloc((nuint)size), size));
        _current = _blocks.Count - 1;
        Use(_blocks[_current]);
    }

    private void Use((nint Address, int Size) block)
    {
        _next = (byte*)block.Address;
        _left = block.Size;
    }

    private void Free(int from)
    {
        for (var i = from; i < _blocks.Count; i++)
        {
            NativeMemory.Free((void*)_blocks[i].Address);
        }

        _blocks.RemoveRange(from, _blocks.Count - from);
    }
}
