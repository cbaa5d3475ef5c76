uniform mat4 clip_from_local;
in vec3 position;
in vec4 tint;
out vec4 v_tint;
void main() {
    v_tint = tint;
    gl_Position = clip_from_local * vec4(position, 1.0);
}
