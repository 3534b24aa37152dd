using System.Buffers.Binary;
using System.Text;
using LakePortal.Iceberg.Scans;

namespace LakePortal.Iceberg.Tests.Scans;

/// <summary>Blobs put together by hand after the Roaring format specification and the Puffin specification.</summary>
public class DeletionVectorTests
{
    [Fact]
    public void The_checksum_is_that_of_zlib() => Assert.Equal(0xCBF43926u, DeletionVector.Crc32(Encoding.ASCII.GetBytes("123456789")));

    [Fact]
    public void An_array_container_is_read()
    {
        // One bitmap (key 0), one container (key 0) with 3 values.
        var blob = Blob([.. U64(1), .. U32(0), .. U32(12346), .. U32(1), .. U16(0), .. U16(2), .. U32(16), .. U16(1), .. U16(5), .. U16(65535)]);

        Assert.Equal([1, 5, 65535], DeletionVector.Decode(blob));
    }

    [Fact]
    public void Several_bitmaps_and_containers_make_64_bit_positions()
    {
        byte[] bitmap = [.. U32(12346), .. U32(2), .. U16(0), .. U16(0), .. U16(3), .. U16(0), .. U32(24), .. U32(26), .. U16(7), .. U16(9)];
        var blob = Blob([.. U64(2), .. U32(0), .. bitmap, .. U32(2), .. bitmap]);

        Assert.Equal([7, (3L << 16) + 9, (2L << 32) + 7, (2L << 32) + (3L << 16) + 9], DeletionVector.Decode(blob));
    }

    [Fact]
    public void A_run_container_is_read()
    {
        // Cookie with one container, which is a run container; below four containers there is no offset header.
        var blob = Blob([.. U64(1), .. U32(0), .. U32(12347), 1, .. U16(1), .. U16(6), .. U16(2), .. U16(10), .. U16(3), .. U16(100), .. U16(2)]);

        Assert.Equal([65546, 65547, 65548, 65549, 65636, 65637, 65638], DeletionVector.Decode(blob));
    }

    [Fact]
    public void A_bitmap_container_is_read()
    {
        var bits = new byte[8192];
        for (var position = 0; position < 65536; position += 3)
        {
            bits[position / 8] |= (byte)(1 << (position % 8));
        }

        var expected = Enumerable.Range(0, 65536).Where(p => p % 3 == 0).Select(p => (long)p).ToList();
        var blob = Blob([.. U64(1), .. U32(0), .. U32(12346), .. U32(1), .. U16(0), .. U16((ushort)(expected.Count - 1)), .. U32(16), .. bits]);

        Assert.Equal(expected, DeletionVector.Decode(blob));
    }

    [Fact]
    public void Damaged_vectors_are_refused()
    {
        var blob = Blob([.. U64(1), .. U32(0), .. U32(12346), .. U32(1), .. U16(0), .. U16(2), .. U32(16), .. U16(1), .. U16(5), .. U16(9)]);
        for (var i = 0; i < blob.Length; i++)
        {
            var damaged = (byte[])blob.Clone();
            damaged[i] ^= 0x40;
            Assert.Throws<InvalidMetadataException>(() => DeletionVector.Decode(damaged));
        }

        Assert.Throws<InvalidMetadataException>(() => DeletionVector.Decode(blob.AsSpan(0, blob.Length - 1)));
        Assert.Throws<InvalidMetadataException>(() => DeletionVector.Decode([]));
        Assert.Throws<InvalidMetadataException>(() => DeletionVector.Decode(Blob([.. U64(5), .. U32(0)])));
    }

    private static byte[] Blob(byte[] bitmap)
    {
        byte[] body = [0xD1, 0xD3, 0x39, 0x64, .. bitmap];
        var blob = new byte[body.Length + 8];
        BinaryPrimitives.WriteInt32BigEndian(blob, body.Length);
        body.CopyTo(blob, 4);
        BinaryPrimitives.WriteUInt32BigEndian(blob.AsSpan(body.Length + 4), DeletionVector.Crc32(body));
        return blob;
    }

    private static byte[] U16(ushort value) => BitConverter.GetBytes(value);

    private static byte[] U32(uint value) => BitConverter.GetBytes(value);

    private static byte[] U64(ulong value) => BitConverter.GetBytes(value);
}
