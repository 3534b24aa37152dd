using System.Text;
using LakePortal.Cli;

Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
return await CommandTree.RunAsync(args);
