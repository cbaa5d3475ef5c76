uniform mat4 clip_from_local;
uniform mat3 view_from_world;
in vec3 position;
in vec3 normal;
in vec2 uv;
out vec3 v_local;
out vec3 v_normal;
out vec2 v_uv;
flat out vec3 v_axis;
void main() {
    v_local = position;
    v_axis = normal;
    v_normal = view_from_world * normal;
    v_uv = uv;
    gl_Position = clip_from_local * vec4(position, 1.0);
}
