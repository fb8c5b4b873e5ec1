"""The EPICS Archiver Appliance: past values over HTTP, reduced by the server to a budget of points.

Nothing outside this folder imports from it; the plugin's registration names `archiver:ApplianceArchiver`.
"""
