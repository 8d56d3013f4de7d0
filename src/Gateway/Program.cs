using Gateway.Hosting;
using Gateway.Options;

try
{
    await GatewayHost.Build(args).RunAsync();
    return 0;
}
catch (OptionsProblemsException problems)
{
    Console.Error.WriteLine(problems.Message);
    return 1;
}
catch (IOException failure)
{
    // A port that is taken, most of the time; the message names it.
    Console.Error.WriteLine(failure.Message);
    return 1;
}
