"""Nova's verbs, each in one or two calls of the parts beside this file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import nova.conf
import os_resource_classes as orc
from nova import exception
from nova.compute import task_states, vm_states
from nova.compute import utils as compute_utils
from nova.context import get_admin_context
from nova.virt import driver, hardware
from nova.virt.event import LifecycleEvent

from . import diagnostics, inventory, options
from .creation import check
from .faults import faults
from .luggage import packed, unpacked
from .network.wiring import Wiring
from .node import Node, disk
from .origin import asked, image_of
from .power import power

#: Nothing of an Engine shows one container's file system to another.
NO_RESCUE = "a container cannot have another one's disk; the server runs on, after a hard reboot"

CONF = nova.conf.CONF
options.register(CONF)


class DockerDriver(driver.ComputeDriver):
    """Boots containers of a Docker Engine, from images that the registry serves out of Glance.

    Promises and parameters are those of nova.virt.driver.ComputeDriver; what is not here raises
    NotImplementedError there. docs/nova.md lists all.
    """

    capabilities: ClassVar[dict[str, bool]] = {
        **driver.ComputeDriver.capabilities,
        "has_imagecache": True,
        "supports_attach_interface": True,
        # The disk_format of what the registry makes in Glance.
        "supports_image_type_raw": True,
        "supports_migrate_to_same_host": True,
    }

    _node: Node

    # The host

    def init_host(self, host: str) -> None:
        wiring = Wiring(
            self.virtapi, CONF.vif_plugging_timeout, is_fatal=CONF.vif_plugging_is_fatal
        )
        with faults():
            self._node = Node(CONF.docker, host, self._emit, wiring)
        self._node.events.start()

    def cleanup_host(self, host: str) -> None:
        self._node.events.stop()

    def get_available_nodes(self, refresh: bool = False) -> list[str]:
        return [self._node.host]

    def get_host_ip_addr(self) -> str:
        # What other hosts' drivers are told of this one; two on one machine have one address.
        return self._node.host

    def get_available_resource(self, nodename: str) -> dict[str, Any]:
        with faults():
            info = self._node.info()
        return {**inventory.resources(info, disk(info)), "hypervisor_hostname": nodename}

    def update_provider_tree(
        self, provider_tree: Any, nodename: str, allocations: Any = None
    ) -> None:
        with faults():
            info = self._node.info()
        ratios = self._get_allocation_ratios(provider_tree.data(nodename).inventory)
        reserved = {
            orc.VCPU: CONF.reserved_host_cpus,
            orc.MEMORY_MB: CONF.reserved_host_memory_mb,
            orc.DISK_GB: self._get_reserved_host_disk_gb_from_config(),
        }
        found = inventory.inventory(info, disk(info), ratios, reserved)
        provider_tree.update_inventory(nodename, found)

    # What is there

    def list_instances(self) -> list[str]:
        with faults():
            return [container.name for container in self._node.containers.list()]

    def list_instance_uuids(self) -> list[str]:
        with faults():
            return [container.instance for container in self._node.containers.list()]

    def get_info(self, instance: Any, use_cache: bool = True) -> hardware.InstanceInfo:
        with faults(instance):
            container = self._node.containers.find(instance.uuid)
        return hardware.InstanceInfo(state=power(container.status), internal_id=container.id)

    def get_console_output(self, context: Any, instance: Any) -> bytes:
        with faults(instance):
            return self._node.console.output(instance.uuid)

    def get_diagnostics(self, instance: Any) -> dict[str, int]:
        with faults(instance):
            container = self._node.containers.find(instance.uuid)
            return diagnostics.figures(self._node.stats(container.id))

    def get_instance_diagnostics(self, instance: Any) -> Any:
        with faults(instance):
            container = self._node.containers.find(instance.uuid)
            stats = self._node.stats(container.id)
            system = self._node.info()["OperatingSystem"]
        return diagnostics.diagnostics(container, stats, system)

    # Made and gone

    def spawn(
        self,
        context: Any,
        instance: Any,
        image_meta: Any,
        injected_files: Any,
        admin_password: str | None,
        allocations: Any,
        network_info: Any = (),
        block_device_info: Any = None,
        power_on: bool = True,
        accel_info: Any = None,
    ) -> None:
        check(instance, block_device_info, injected_files)
        image = image_of(context, instance, image_meta)
        command = image_meta.properties.get("os_command_line")
        token = context.auth_token
        with faults():
            self._node.servers.spawn(
                instance, image, command, token, network_info, power_on=power_on
            )

    def destroy(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        block_device_info: Any = None,
        destroy_disks: bool = True,
        destroy_secrets: bool = True,
    ) -> None:
        with faults():
            self._node.servers.destroy(instance, network_info)
            reverts = instance.task_state == task_states.RESIZE_REVERTING
            self._node.migrations.settle(context, instance, reverts=reverts)

    def soft_delete(self, instance: Any) -> None:
        with faults(instance):
            self._node.servers.stop(instance, _shutdown_timeout(instance))

    def restore(self, instance: Any) -> None:
        with faults(instance):
            self._node.servers.start(instance, instance.get_network_info())

    # Power

    def power_on(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        block_device_info: Any = None,
        accel_info: Any = None,
        share_info: Any = None,
    ) -> None:
        with faults(instance):
            self._node.servers.start(instance, network_info)

    def power_off(self, instance: Any, timeout: int = 0, retry_interval: int = 0) -> None:
        if instance.task_state == task_states.RESCUING:
            # Nova ends a server before it asks for its rescue; refused now, it goes on running.
            raise NotImplementedError(NO_RESCUE)
        with faults(instance):
            self._node.servers.stop(instance, timeout)

    def reboot(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        reboot_type: str,
        block_device_info: Any = None,
        bad_volumes_callback: Any = None,
        accel_info: Any = None,
        share_info: Any = None,
    ) -> None:
        timeout = _shutdown_timeout(instance) if reboot_type == "SOFT" else 0
        with faults(instance):
            if reboot_type == "HARD":
                self._node.migrations.recover(context, instance, network_info)
            self._node.servers.restart(instance, network_info, timeout)

    def pause(self, instance: Any) -> None:
        with faults(instance):
            self._node.containers.pause(instance.uuid)

    def unpause(self, instance: Any) -> None:
        with faults(instance):
            self._node.containers.unpause(instance.uuid)

    def suspend(self, context: Any, instance: Any) -> None:
        # The Engine has no other state that keeps memory: its checkpoints are experimental.
        self.pause(instance)

    def resume(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        block_device_info: Any = None,
        share_info: Any = None,
    ) -> None:
        # A restarted Engine has stopped what was frozen, so this is more than to unpause.
        with faults(instance):
            self._node.servers.start(instance, network_info)

    def resume_state_on_host_boot(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        share_info: Any,
        block_device_info: Any = None,
    ) -> None:
        with faults(instance):
            self._node.servers.start(instance, network_info)

    # Network

    def plug_vifs(self, instance: Any, network_info: Any) -> None:
        with faults():
            if instance.vm_state == vm_states.ACTIVE and instance.task_state is None:
                # nova-compute starts; before it was ended, it froze this one for a snapshot.
                self._node.containers.thaw(instance.uuid)
            self._node.network.plug(instance, network_info)

    def unplug_vifs(self, instance: Any, network_info: Any) -> None:
        self._node.network.unplug(instance, network_info)

    def attach_interface(self, context: Any, instance: Any, image_meta: Any, vif: Any) -> None:
        with faults(instance):
            self._node.network.attach(instance, vif)

    def detach_interface(self, context: Any, instance: Any, vif: Any) -> None:
        with faults(instance):
            self._node.network.detach(instance, vif)

    # Migration

    def migrate_disk_and_power_off(
        self,
        context: Any,
        instance: Any,
        dest: str,
        flavor: Any,
        network_info: Any,
        block_device_info: Any = None,
        timeout: int = 0,
        retry_interval: int = 0,
    ) -> str:
        with faults(instance):
            luggage = self._node.migrations.leave(
                context, instance, dest, flavor, network_info, timeout
            )
        return packed(luggage)

    def finish_migration(
        self,
        context: Any,
        migration: Any,
        instance: Any,
        disk_info: str,
        network_info: Any,
        image_meta: Any,
        resize_instance: bool,
        allocations: Any,
        block_device_info: Any = None,
        power_on: bool = True,
        share_info: Any = None,
    ) -> None:
        luggage = unpacked(disk_info)
        with faults():
            self._node.migrations.arrive(
                context, instance, luggage, network_info, power_on=power_on
            )

    def confirm_migration(
        self, context: Any, migration: Any, instance: Any, network_info: Any
    ) -> None:
        with faults():
            self._node.migrations.settle(context, instance)

    def finish_revert_migration(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        migration: Any,
        block_device_info: Any = None,
        power_on: bool = True,
        share_info: Any = None,
    ) -> None:
        with faults(instance):
            self._node.migrations.back(context, instance, network_info, power_on=power_on)

    def delete_instance_files(self, instance: Any) -> bool:
        try:
            with faults():
                self._node.containers.remove(instance.uuid)
                self._node.migrations.settle(get_admin_context(), instance)
        except exception.NovaException:
            # Nova comes again.
            return False
        return True

    def check_can_live_migrate_destination(
        self,
        context: Any,
        instance: Any,
        src_compute_info: Any,
        dst_compute_info: Any,
        block_migration: bool = False,
        disk_over_commit: bool = False,
    ) -> None:
        # Of all refusals the one after which Nova does not take the server for broken.
        raise exception.MigrationPreCheckError(reason="the memory of a container stays on its host")

    # Images

    def snapshot(
        self,
        context: Any,
        instance: Any,
        image_id: str,
        update_task_state: Callable[..., None],
    ) -> None:
        with faults(instance):
            container = self._node.containers.find(instance.uuid)
        with faults():
            self._node.snapshots.take(context, instance, container, image_id, update_task_state)

    def cache_image(self, context: Any, image_id: str) -> bool:
        image = asked(context, image_id)
        with faults():
            return self._node.servers.cache(image, context.auth_token)

    def manage_image_cache(self, context: Any, all_instances: Any) -> None:
        with faults():
            self._node.snapshots.tidy()
        settings = CONF.image_cache
        if settings.remove_unused_base_images:
            age = timedelta(seconds=settings.remove_unused_original_minimum_age_seconds)
            with faults():
                self._node.image_cache.clean(age)

    def _emit(self, instance: str, transition: int) -> None:
        self.emit_event(LifecycleEvent(instance, transition))


def _shutdown_timeout(instance: Any) -> int:
    """Seconds that a server has to end by itself: its image's word, or Nova's setting."""
    return int(
        compute_utils.get_value_from_system_metadata(
            instance,
            key="image_os_shutdown_timeout",
            type=int,
            default=CONF.shutdown_timeout,
        )
    )
