// Every test starts servers of its own on a machine with few cores.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
