using LakePortal.Portal.Hosting;

return await PortalHost.RunAsync(args);
