using System.CommandLine;
using System.Net;
using LakePortal.Cli.Client;
using LakePortal.Cli.Processes;

namespace LakePortal.Cli.Commands;

internal static class UpCommand
{
    public static Command Build()
    {
        var data = new Option<string?>("--data") { Description = "Data directory (LAKE_DATA, default ./data)", HelpName = "DIR" };
        var port = Ports.Option();
        var bind = new Option<string>("--bind") { Description = "Address to listen on", DefaultValueFactory = _ => "127.0.0.1", HelpName = "ADDR" };
        bind.Validators.Add(result =>
        {
            if (!IPAddress.TryParse(result.GetValueOrDefault<string>(), out _))
            {
                result.AddError("--bind takes an IP address, such as 127.0.0.1 or 0.0.0.0.");
            }
        });
        var command = new Command("up", "Serve until SIGTERM or Ctrl-C") { data, port, bind };
        command.SetAction(parsed =>
        {
            var arguments = PortalProcess.Arguments(ServerAddress.DataDirectoryOf(parsed.GetValue(data)), parsed.GetValue(port), parsed.GetValue(bind)!);
            // The server takes this process's place: signals and the exit code are its own.
            return ProcessImage.Replace(PortalProcess.DotnetPath(), arguments);
        });
        return command;
    }
}

internal static class Ports
{
    public static Option<int> Option()
    {
        var port = new Option<int>("--port") { Description = "Port to listen on", DefaultValueFactory = _ => 8080, HelpName = "N" };
        port.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 65535)
            {
                result.AddError("--port is from 1 to 65535.");
            }
        });
        return port;
    }
}
