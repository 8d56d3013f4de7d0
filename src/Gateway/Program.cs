using System.Net.Sockets;
using Gateway;
using Gateway.CommandLine;
using Gateway.Server.Backplane;
using Gateway.Server.Hosting.Settings;

SocketThreads.Configure();
try
{
    return await GatewayCommand.RunAsync(args);
}
catch (OptionsProblemsException problems)
{
    Console.Error.WriteLine(problems.Message);
    return 1;
}
catch (UnusableBackplaneException failure)
{
    Console.Error.WriteLine(failure.Message);
    return 1;
}
catch (IOException failure)
{
    // Most often a port that is taken; the message names it.
    Console.Error.WriteLine(failure.Message);
    return 1;
}
catch (SocketException failure)
{
    // An address this machine does not have, or a port it does not give to everybody; the system names neither.
    Console.Error.WriteLine($"Failed to listen on Gateway:Public or Gateway:Internal: {failure.Message}.");
    return 1;
}
catch (InvalidDataException failure)
{
    // A settings file that is not JSON; the innermost exception says where.
    Console.Error.WriteLine($"{failure.Message} {failure.GetBaseException().Message}");
    return 1;
}
