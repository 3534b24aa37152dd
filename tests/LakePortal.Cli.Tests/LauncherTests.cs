using LakePortal.Cli.Client;
using LakePortal.Cli.Processes;

namespace LakePortal.Cli.Tests;

/// <summary>The launcher's functions in a shell of their own, with stand-ins for the programs of the machine.</summary>
public sealed class LauncherTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("lakeportal-launcher-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_bare_machine_gets_every_package_in_one_call_that_asks_nothing()
    {
        var (exit, output, _) = await ShellAsync(
            """
            have_postgres() { false; }; have_chromium() { false; }; have_fonts() { false; }
            command() { [ "$2" != npm ] && builtin command "$@"; }
            keep_debian_from_starting_postgres() { echo "keep quiet"; }
            id() { echo 0; }
            env() { echo "$*" >>"$STATE/calls"; if read -r -t 1 answer; then echo "a question was possible" >>"$STATE/calls"; fi; }
            need postgres chromium npm </dev/zero
            cat "$STATE/calls"
            """);
        Assert.Equal(0, exit);
        var calls = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("keep quiet", calls[0]);
        Assert.EndsWith(" update", calls[1], StringComparison.Ordinal);
        Assert.EndsWith("install -y --no-install-recommends postgresql chromium fonts-dejavu-core nodejs npm", calls[2], StringComparison.Ordinal);
        Assert.Equal(3, calls.Length);
        Assert.All(calls[1..], c => Assert.StartsWith("DEBIAN_FRONTEND=noninteractive ", c, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_machine_with_everything_is_left_alone()
    {
        var (exit, output, errors) = await ShellAsync(
            """
            have_postgres() { true; }; have_chromium() { true; }; have_fonts() { true; }
            command() { true; }
            install_packages() { echo "installed $*"; }
            need postgres chromium npm
            """);
        Assert.Equal((0, "", ""), (exit, output, errors));
    }

    [Fact]
    public async Task Without_root_and_sudo_it_says_what_to_install()
    {
        var (exit, _, errors) = await ShellAsync(
            """
            have_postgres() { false; }
            id() { echo 1000; }
            sudo() { false; }
            need postgres
            """);
        Assert.Equal(1, exit);
        Assert.Contains("apt-get install postgresql", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_run_that_cannot_begin_still_ends_with_a_summary()
    {
        var (exit, output, _) = await ShellAsync("command=test; fail 'building tests failed' 'See the log.'");
        Assert.Equal(1, exit);
        Assert.Equal("0 passed, 1 failed, 0 skipped", output.TrimEnd().Split('\n')[^1]);
    }

    [Theory]
    [InlineData("echo '3 passed, 0 failed, 1 skipped'", 0, "3 passed, 0 failed, 1 skipped")]
    [InlineData("echo '3 passed, 1 failed, 1 skipped'; exit 1", 1, "3 passed, 1 failed, 1 skipped")]
    [InlineData("echo 'LakePortal.Cli.Tests: 3 passed, 0 failed, 0 skipped in 1.0 s'; kill -9 $$", 1, "0 passed, 1 failed, 0 skipped")]
    public async Task The_last_line_of_the_checks_is_the_tests_summary_also_when_they_were_killed(string tests, int exit, string last)
    {
        Directory.CreateDirectory(Path.Combine(_folder.FullName, ".ci"));
        File.Copy(Path.Combine(ServerAddress.Home(), ".ci", "run"), Path.Combine(_folder.FullName, ".ci", "run"));
        var lake = Path.Combine(_folder.FullName, "lake");
        await File.WriteAllTextAsync(lake, $"#!/bin/bash\nif [ $1 = demo ]; then echo 'ok demo'; exit 0; fi\n{tests}\n");
        File.SetUnixFileMode(lake, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var run = await Subprocess.RunAsync("bash", [Path.Combine(_folder.FullName, ".ci", "run")], CancellationToken.None);
        Assert.Equal(exit, run.ExitCode);
        Assert.Equal(last, run.Output.TrimEnd().Split('\n')[^1]);
    }

    private async Task<(int Exit, string Output, string Errors)> ShellAsync(string script)
    {
        var run = await Subprocess.RunAsync(
            "bash", ["-c", $"source '{Path.Combine(ServerAddress.Home(), "lake")}'\nSTATE='{_folder.FullName}'\n{script}"], CancellationToken.None);
        return (run.ExitCode, run.Output, run.Error.Replace("lake: installing", "installing", StringComparison.Ordinal));
    }
}
