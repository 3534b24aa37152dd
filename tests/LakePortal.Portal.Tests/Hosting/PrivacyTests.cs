using LakePortal.Portal.Hosting;
using LakePortal.TestSupport;

namespace LakePortal.Portal.Tests.Hosting;

public sealed class PrivacyTests
{
    [Fact]
    public void The_data_directory_and_what_is_in_it_is_its_owners_alone()
    {
        const UnixFileMode others = (UnixFileMode)0b000_111_111;
        using var parent = new TemporaryDirectory();
        var fresh = Path.Combine(parent, "fresh");
        Privacy.MakeDataDirectory(fresh);
        Assert.Equal(default, File.GetUnixFileMode(fresh) & others);

        var open = Directory.CreateDirectory(Path.Combine(parent, "earlier"), (UnixFileMode)0b111_101_101).FullName;
        File.SetUnixFileMode(open, (UnixFileMode)0b111_101_101);
        File.WriteAllText(Path.Combine(open, "portal.lock"), "");
        Privacy.MakeDataDirectory(open);
        Assert.Equal(default, File.GetUnixFileMode(open) & others);

        // With a private PostgreSQL inside: its group passes through.
        File.SetUnixFileMode(open, (UnixFileMode)0b111_001_000);
        Privacy.MakeDataDirectory(open);
        Assert.Equal((UnixFileMode)0b111_001_000, File.GetUnixFileMode(open));

        // A folder of somebody else's things, named by mistake.
        var foreign = Directory.CreateDirectory(Path.Combine(parent, "foreign")).FullName;
        File.SetUnixFileMode(foreign, (UnixFileMode)0b111_101_101);
        File.WriteAllText(Path.Combine(foreign, "thesis.txt"), "");
        Privacy.MakeDataDirectory(foreign);
        Assert.Equal((UnixFileMode)0b111_101_101, File.GetUnixFileMode(foreign));
    }
}
